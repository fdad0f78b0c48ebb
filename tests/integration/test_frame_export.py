"""`framebus frame export` on a real log: pictures, COCO and a clip, and a word on every frame that has no result."""

from __future__ import annotations

import contextlib
import io
import json
import time
import tracemalloc
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from api.export import ExportReader
from processors.accuracy.annotations import Annotations
from processors.accuracy.coco import evaluate
from producers.sources import barcode
from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress, SkipReason, crop_seq
from schemas.settings import Settings
from schemas.window import Window
from tests.integration.api_world import MODEL, PARTITIONS, T0, World, frame_info
from tests.integration.camera_servers import jpeg
from tests.integration.cli_kit import Run, runner
from tests.integration.test_audit_crops import FOLLOWER, crop_of

PERSON = Detection(label="person", score=0.75, box=(40.0, 60.0, 140.0, 200.0))
UNICORN = Detection(label="unicorn", score=0.5, box=(1.5, 100.0, 3.0, 120.0), keypoints=((2.0, 110.0), (2.5, 111.0)))
FPS = 8.0


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(settings, capsys, monkeypatch)


def put(world: World, seq: int, *, camera: str = "gate", run: int = 7, value: bytes | None = None) -> FrameAddress:
    """A frame of its own number, in either partition."""
    captured = T0 + timedelta(seconds=seq / FPS)
    info = replace(frame_info(camera, seq), run=run, captured_at=captured, width=320, height=240)
    partition = seq % PARTITIONS
    topic = world.names.frames(MODEL)
    offset = world.put(
        topic, jpeg(seq) if value is None else value, key=camera, partition=partition, headers=info.encode()
    )
    return FrameAddress(MODEL, partition, offset)


def numbers(folder: Path, entries: list[dict[str, Any]]) -> list[int]:
    """What the pictures of these entries show."""
    pictures = [cv2.imread(str(folder / entry["file_name"])) for entry in entries]
    return [barcode.read(picture) for picture in pictures if picture is not None]


def told(out: str) -> list[str]:
    return out.splitlines()


@pytest.fixture
def story(world: World) -> list[FrameAddress]:
    """Twelve frames of `gate`, those of another camera between them, and an outcome for most."""
    addresses = []
    for seq in range(12):
        addresses.append(put(world, seq, value=b"no picture" if seq == 5 else None))
        put(world, 100 + seq, camera="door")
    for seq in (0, 1, 2, 3, 8, 9):
        found = (PERSON, UNICORN) if seq == 2 else (PERSON,) if seq != 3 else ()
        world.result("gate", addresses[seq], *found, seq=seq)
    world.result("gate", addresses[2], PERSON, UNICORN, seq=2)  # a redelivery
    world.dead_letter("gate", addresses[5])
    world.skip(SkipReason.STALE, "gate", [addresses[6], addresses[7]])
    world.skip(SkipReason.STALE, "gate", [addresses[8]])  # it was inferred as well: that counts
    # Committed is all but the last two; the fourth is without an outcome.
    world.commit({0: addresses[10].offset, 1: addresses[11].offset})
    return addresses


def test_a_folder_has_the_log_s_own_bytes_and_coco_reads_the_rest(
    run: Run, story: list[FrameAddress], tmp_path: Path
) -> None:
    folder = tmp_path / "out" / "gate"
    code, out, err = run("frame", "export", "--camera", "gate", "--model", MODEL, "-o", str(folder))
    assert code == 0, err
    assert told(out) == [
        "12 frames of 12 found, 6 with a result",
        "without a result: 1 dead, 2 in_log, 1 lost, 2 stale",
        "lost: framebus audit says more",
        "11 pictures, 6 images with 6 annotations (COCO)",
    ]
    said = json.loads((folder / "annotations.json").read_text())
    assert [entry["seq"] for entry in said["images"]] == [0, 1, 2, 3, 8, 9]
    assert numbers(folder, said["images"]) == [0, 1, 2, 3, 8, 9]
    assert (folder / said["images"][2]["file_name"]).read_bytes() == jpeg(2)
    assert said["images"][2] == {
        "id": 3,
        "address": str(story[2]),
        "run": 7,
        "seq": 2,
        "date_captured": "2026-01-31T12:00:00.250000+00:00",
        "width": 320,
        "height": 240,
        "file_name": f"images/00000007-0000000002-0-{story[2].offset}.jpg",
        "model_version": "0123456789abcdef",
    }
    assert {entry["address"]: entry["outcome"] for entry in said["without_result"]} == {
        str(story[4]): "lost",
        str(story[5]): "dead",
        str(story[6]): "stale",
        str(story[7]): "stale",
        str(story[10]): "in_log",
        str(story[11]): "in_log",
    }
    assert sorted(path.name for path in (folder / "images").iterdir()) == [
        Path(entry["file_name"]).name
        for entry in sorted(said["images"] + said["without_result"], key=lambda entry: entry["seq"])
        if "file_name" in entry
    ]


def test_coco_s_own_tools_and_ours_take_the_file(run: Run, story: list[FrameAddress], tmp_path: Path) -> None:
    """What a model saw, taken for the truth, is found completely by what it saw."""
    code, _, err = run("frame", "export", "--camera", "gate", "--model", MODEL, "-o", str(tmp_path))
    assert code == 0, err
    file = tmp_path / "annotations.json"
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(file))
    people = coco.getAnnIds(catIds=coco.getCatIds(catNms=["person"]))
    assert [one["bbox"] for one in coco.loadAnns(people)] == [[40.0, 60.0, 100.0, 140.0]] * 5
    (horse,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["unicorn"])))
    assert (horse["keypoints"], horse["num_keypoints"]) == ([2.0, 110.0, 2, 2.5, 111.0, 2], 2)
    assert (horse["score"], horse["area"], horse["image_id"]) == (0.5, 30.0, 3)
    annotations = Annotations.parse(file.read_bytes(), file)
    found = {image.id: () if image.id == 4 else (PERSON,) for image in annotations.images}
    evaluation = evaluate(annotations, found, Catalogue().get(MODEL))
    assert evaluation.categories["person"].annotations == 5
    assert evaluation.categories["person"].ap == pytest.approx(1.0)


def test_a_clip_shows_frames_in_the_order_of_capture_at_the_cameras_rate(
    run: Run, story: list[FrameAddress], tmp_path: Path
) -> None:
    file = tmp_path / "gate.mp4"
    code, out, err = run("frame", "export", "--camera", "gate", "--model", MODEL, "--mp4", str(file))
    assert code == 0, err
    assert told(out)[-1] == "clip of 11 pictures; 1 frames are no pictures and left out"
    assert [path.name for path in tmp_path.iterdir()] == ["gate.mp4"]
    clip = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    assert clip.get(cv2.CAP_PROP_FPS) == pytest.approx(FPS)
    assert int(clip.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little") == b"VP90"
    pictures = []
    while (read := clip.read())[0]:
        pictures.append(read[1])
    clip.release()
    assert [barcode.read(picture) for picture in pictures] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    edge = [picture[100:180, 40].astype(int).mean(axis=0) for picture in pictures]  # where the person's box begins
    boxed = [bool(abs(colour - 100).max() > 40) for colour in edge]
    assert boxed == [seq in (0, 1, 2, 8, 9) for seq in (0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11)]
    told_below = [picture[232:].max() > 200 for picture in pictures]
    assert all(told_below), "a line of text stands below"


def test_what_does_not_fit_is_drawn_as_far_as_it_goes(run: Run, world: World, tmp_path: Path) -> None:
    """A box beyond all pictures, and a narrower picture of odd size: one clip all the same."""
    far = Detection(label="person", score=0.5, box=(-1e300, 100.0, 1e300, 101.0), keypoints=((1e18, -1e18),))
    first = put(world, 0)
    world.result("gate", first, far, seq=0)
    done, odd = cv2.imencode(".jpg", np.full((101, 51, 3), 255, np.uint8))
    assert done
    put(world, 1, value=odd.tobytes())
    code, out, err = run("frame", "export", "--camera", "gate", "--model", MODEL, "--mp4", str(tmp_path / "c.mp4"))
    assert (code, told(out)[-1]) == (0, "clip of 2 pictures"), err
    clip = cv2.VideoCapture(str(tmp_path / "c.mp4"), cv2.CAP_FFMPEG)
    _, drawn = clip.read()
    _, narrow = clip.read()
    clip.release()
    assert abs(drawn[100, 5:315].astype(int) - 100).max() > 40, "the box's upper edge, from side to side"
    assert narrow.shape == (240, 320, 3)
    assert (narrow[20:200, 150:170].min() > 200, narrow[20:200, 10:90].max() < 50) == (True, True)


def test_runs_follow_each_other_whatever_partition_they_are_in(run: Run, world: World, tmp_path: Path) -> None:
    """A camera that moved to another worker has a later run that begins with seq 0 again."""
    for camera_run, seqs in ((9, (0, 1, 2)), (7, (5, 4, 3))):
        for seq in seqs:
            put(world, seq, run=camera_run)
    code, out, err = run(
        "frame", "export", "--camera", "gate", "--model", MODEL, "-o", str(tmp_path / "f"), "--limit", "5"
    )
    assert code == 0, err
    assert told(out)[0] == "5 frames of 6 found, 0 with a result"
    names = sorted(path.name for path in (tmp_path / "f" / "images").iterdir())
    assert [tuple(int(part) for part in name.split("-")[:2]) for name in names] == [
        (7, 3),
        (7, 4),
        (7, 5),
        (9, 0),
        (9, 1),
    ]


def test_a_window_and_what_has_expired_in_it(run: Run, world: World, tmp_path: Path) -> None:
    addresses = [put(world, seq) for seq in range(6)]
    world.counts("gate", addresses)
    middle = datetime.now(UTC) + timedelta(milliseconds=5)  # Kafka counts in whole ones
    while datetime.now(UTC) < middle + timedelta(milliseconds=5):
        time.sleep(0.001)
    later = [put(world, seq) for seq in range(6, 10)]
    world.result("gate", later[0], PERSON, seq=6)
    world.delete_frames_below(addresses[4].offset, partition=0)
    arguments = ("frame", "export", "--camera", "gate", "--model", MODEL, "-o")
    code, out, err = run(*arguments, str(tmp_path / "all"), "--since", "10m")
    assert code == 0, err
    assert told(out)[0] == "8 frames of 8 found, 1 with a result"
    assert "expired: 2 frames that were delivered are not in the log any more" in out
    code, out, err = run(*arguments, str(tmp_path / "late"), "--since", middle.isoformat())
    assert code == 0, err
    assert told(out)[0] == "4 frames of 4 found, 1 with a result"
    assert "expired" not in out
    code, out, err = run(*arguments, str(tmp_path / "early"), "--until", middle.isoformat())
    assert code == 0, err
    assert told(out)[:2] == ["4 frames of 4 found, 0 with a result", "without a result: 4 in_log"]


def test_crops_of_a_second_stage_come_in_the_order_of_their_frames(world: World, settings: Settings) -> None:
    """The rate is that of the frames: a crop's own number says nothing of it."""
    for seq, index in ((1, 0), (0, 1), (2, 0), (0, 0), (2, 1)):
        taken = T0 + timedelta(seconds=seq / FPS)
        info = replace(crop_of(FrameAddress(MODEL, 0, seq), index), captured_at=taken)
        world.put(world.names.frames(FOLLOWER), jpeg(seq), key="gate", headers=info.encode())
    with closing(ExportReader(settings, camera="gate", model=FOLLOWER, window=Window())) as reader:
        reader.gather(deadline=time.monotonic() + 60)
        expected = [crop_seq(*of) for of in ((0, 0), (0, 1), (1, 0), (2, 0), (2, 1))]
        assert [frame.seq for frame, _ in reader.frames()] == expected
        assert reader.fps == pytest.approx(FPS)


def test_memory_does_not_grow_with_the_frames(world: World, settings: Settings) -> None:
    """Sixty megabytes of frames go through twenty: the client's queue is the bound."""
    big = jpeg() + b"\0" * 200_000
    for seq in range(300):
        put(world, seq, value=big)
    with closing(ExportReader(settings, camera="gate", model=MODEL, window=Window())) as reader:
        tracemalloc.start()
        try:
            reader.gather(deadline=time.monotonic() + 60)
            seqs = [frame.seq for frame, value in reader.frames() if value == big]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert seqs == list(range(300))
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--camera", "gate"), "nothing to write: expected -o FOLDER, --mp4 FILE.mp4 or both"),
        (("--camera", "../gate", "-o", "x"), "camera '../gate': expected small letters, digits"),
        (("--camera", "gate", "-o", "x", "--since", "yesterday"), "since = 'yesterday': expected an age"),
        (("--camera", "gate", "-o", "{full}"), "it is not empty; expected a new or an empty one"),
        (("--camera", "gate", "-o", "{full}/file/x"), "Not a directory; expected one that can be written"),
        (("--camera", "gate", "--mp4", "{full}/clip.avi"), "expected a name that ends in .mp4"),
        (("--camera", "gate", "--mp4", "{full}/none/clip.mp4"), "there is no such folder"),
    ],
)
def test_what_is_wrong_is_said(run: Run, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("frame", "export", "--model", MODEL, *(one.format(full=tmp_path) for one in arguments))
    assert (code, says in " ".join(err.split())) == (2, True), err


def test_a_camera_without_a_frame_is_exit_code_1(run: Run, story: list[FrameAddress], tmp_path: Path) -> None:
    clip = tmp_path / "c.mp4"
    code, out, _ = run(
        "frame", "export", "--camera", "nobody", "--model", MODEL, "-o", str(tmp_path / "f"), "--mp4", str(clip)
    )
    assert (code, told(out)) == (1, ["0 frames of 0 found, 0 with a result"])
    assert not clip.exists()
    assert not (tmp_path / "f" / "annotations.json").exists()
    code, _, err = run("frame", "export", "--camera", "gate", "--model", "no-such", "-o", str(tmp_path / "g"))
    assert (code, "no-such" in err) == (2, True)


def test_what_retention_takes_meanwhile_is_left_out_and_told(world: World, settings: Settings) -> None:
    addresses = [put(world, seq) for seq in range(6)]
    window = Window(since=datetime.now(UTC) - timedelta(minutes=10))
    with closing(ExportReader(settings, camera="gate", model=MODEL, window=window)) as reader:
        reader.gather(deadline=time.monotonic() + 60)
        world.delete_frames_below(addresses[4].offset, partition=0)
        assert [frame.seq for frame, _ in reader.frames()] == [1, 3, 4, 5]
        assert reader.expired == 2
