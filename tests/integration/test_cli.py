"""The verbs that look at a system and change it, against a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from confluent_kafka import Producer

from deploy.local.media import Media
from deploy.local.ports import free_port
from producers.control import read_cameras
from schemas.catalogue import Catalogue, Model
from schemas.messages import (
    CaptureCounts,
    DeadLetter,
    FrameAddress,
    FrameInfo,
    PartitionRanges,
    Transport,
)
from schemas.settings import Settings
from tests.integration.cli_kit import Run, runner
from tests.planted import URL_PASSWORD

MODEL = "object-detection"


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(settings, capsys, monkeypatch)


def write(settings: Settings, topic: str, value: bytes, **options: object) -> None:
    producer = Producer({**settings.librdkafka(), "partitioner": "murmur2_random"})
    producer.produce(topic, value, **options)
    assert producer.flush(20) == 0


def frame_headers(seq: int = 0) -> list[tuple[str, bytes]]:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    return FrameInfo(MODEL, "yard", "default", 1, seq, at, width=64, height=48).encode()


def test_topics_that_are_there_need_nothing_but_partitions(run: Run) -> None:
    code, out, _ = run("topic", "plan")
    assert code == 1
    assert "grow" in out
    assert run("topic", "apply")[0] == 0
    assert run("topic", "plan") == (0, "the topics are as planned\n", "")


def test_a_cameras_life(run: Run, settings: Settings) -> None:
    given = ("--source", "rtsp://me@cam/1", "--model", MODEL, "--fps", "5", "--transport", "udp")
    assert run("camera", "add", "yard", *given)[0] == 0
    assert read_cameras(settings)["yard"].transport is Transport.UDP
    code, _, err = run("camera", "add", "gate", "--source", f"rtsp://me:{URL_PASSWORD}@cam/1", "--model", MODEL)
    assert code == 2
    assert "rtsp://me:***@cam/1' holds a secret, which would stand in a topic" in err
    code, _, err = run("camera", "add", "yard", "--source", "0")
    assert (code, err) == (2, "framebus: camera 'yard' exists: expected a new id; framebus camera edit changes one\n")
    assert run("camera", "edit", "yard", "--model", "face-detection", "--disabled", "--transport", "tcp")[0] == 0
    assert read_cameras(settings)["yard"].transport is Transport.TCP
    _, out, _ = run("camera", "list")
    assert out.splitlines()[1].split() == [
        "yard",
        "default",
        "face-detection",
        "no",
        "disabled",
        "-",
        "tcp",
        "rtsp://me@cam/1",
    ]
    assert run("camera", "remove", "yard")[0] == 0
    assert "yard" not in run("camera", "list")[1]
    code, _, err = run("camera", "remove", "yard")
    assert (code, err) == (2, "framebus: camera 'yard': expected one of (there are none)\n")


def test_a_cameras_file_is_kept_by_its_whole_path(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").touch()
    monkeypatch.chdir(tmp_path)
    _, out, _ = run("camera", "add", "clip", "--source", "clip.mp4", "--loop")
    assert str(tmp_path / "clip.mp4") in out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--source", "0", "--model", "dogs"), "model 'dogs': expected one of object-detection, face-detection"),
        (("--source", "0", "--quality", "0"), "quality = 0"),
        (("--source", "x" * 300, "--model", MODEL), "File name too long; expected a video file"),
        ((), "source"),
    ],
)
def test_a_wrong_camera_is_refused_in_one_line(run: Run, arguments: tuple[str, ...], error: str) -> None:
    code, _, err = run("camera", "add", "yard", *arguments)
    assert code == 2
    assert error in err
    assert err.count("\n") == 1


def test_status_names_what_is_not_right(run: Run) -> None:
    run("camera", "add", "yard", "--source", "pattern:160x120", "--model", MODEL)
    code, out, _ = run("status")
    assert code == 1
    assert "not right: camera yard is not run by anyone" in out
    assert f"not right: no worker for {MODEL}" in out
    assert out.count("no worker for") == 1, "nobody uses the other models"


def test_dead_letters_are_listed_and_shown(run: Run, settings: Settings, tmp_path: Path) -> None:
    address = FrameAddress(MODEL, 1, 7)
    letter = DeadLetter(address, "NotJpegError", "the value is a PNG", original=tuple(frame_headers()))
    write(settings, settings.names.dead_letters, b"\x89PNG", key=b"yard", headers=letter.encode())
    _, out, _ = run("dead-letter", "list")
    assert out.splitlines()[1].split()[1:4] == ["yard", str(address), "NotJpegError"]
    code, out, _ = run("dead-letter", "show", str(address), "--save", str(tmp_path / "value"))
    assert code == 0
    assert "message: the value is a PNG" in out
    assert "header ce_camera: yard" in out
    assert (tmp_path / "value").read_bytes() == b"\x89PNG"
    code, _, err = run("dead-letter", "show", f"{MODEL}/0/0")
    assert (code, err.split(":")[1]) == (2, f" dead letter {MODEL}/0/0")


@pytest.mark.parametrize(
    "verb",
    [
        ("audit",),
        ("dead-letter", "list"),
        ("dead-letter", "redrive", "--all", "--yes"),
        ("frame", "export", "--camera", "yard", "--model", MODEL, "--mp4", "yard.mp4"),
    ],
)
def test_verbs_that_read_for_minutes_tell_soon_that_no_broker_answers(run: Run, verb: tuple[str, ...]) -> None:
    where = f"127.0.0.1:{free_port()}"
    code, out, err = run(*verb, "--kafka", where)
    assert (code, out) == (2, "")
    assert f"no Kafka broker answers at {where}" in err  # who reads for minutes would say something else


def test_an_audit_of_nothing_is_clean(run: Run) -> None:
    code, out, _ = run("audit")
    assert code == 0
    assert "every frame explained" in out


def test_an_audit_names_the_frame_that_is_not_explained(run: Run, settings: Settings) -> None:
    """A delivery at an offset that the log does not have: capture says so, the broker knows nothing of it."""
    counts = CaptureCounts(
        camera="yard", model=MODEL, run=1, time=datetime.now(UTC), first_seq=0, next_seq=1,
        delivered=(PartitionRanges.of(2, [0]),),
    )  # fmt: skip
    write(settings, settings.names.captures, counts.to_json(), key=b"yard")
    code, out, _ = run("audit")
    assert code == 1
    assert f"beyond-log: {MODEL} yard {MODEL}/2/0" in out
    code, out, _ = run("audit", "--json", "--model", MODEL)
    report = json.loads(out)
    assert (code, report["clean"]) == (1, False)
    assert [entry["address"] for entry in report["unexplained"]] == [f"{MODEL}/2/0"]
    assert run("audit", "--model", "face-detection")[0] == 0


def read_picture(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture)


@pytest.mark.parametrize("model", Catalogue().models, ids=lambda model: model.name)
def test_a_models_licence_is_shown(run: Run, model: Model) -> None:
    code, output, _ = run("model", "show", model.name)
    assert (code, model.source.licence in " ".join(output.split())) == (0, True)
    code, output, _ = run("model", "show", model.name, "--json")
    assert code == 0
    shown = json.loads(output)
    assert shown["source"]["licence"] == model.source.licence
    assert len(shown["source"]["licence"]) >= len("MIT")
    assert (shown["follows"] or {}).get("model") == (model.follows.model if model.follows else None)


def test_a_model_is_tried_on_a_picture(run: Run, media: Media, network: Callable[[str], Path], tmp_path: Path) -> None:
    network("face-detection")
    video = cv2.VideoCapture(str(media.path("single_face.mp4")))
    _, picture = video.read()
    video.release()
    image = tmp_path / "face.png"
    cv2.imwrite(str(image), picture)
    code, out, _ = run("model", "predict", str(image), "--model", "face-detection", "--json")
    assert code == 0
    assert [found["label"] for found in json.loads(out)["detections"]] == ["face"]
    code, again, _ = run("model", "predict", "face-detection", str(image), "--json")
    assert (code, again) == (0, out)
    assert [path.name for path in tmp_path.iterdir()] == ["face.png"]
    code, out, _ = run("model", "predict", "face-detection", str(image))
    drawn = read_picture(tmp_path / "face-detection-face.jpg")
    assert (code, drawn.shape) == (0, picture.shape)
    x1, y1, x2, y2 = (round(edge) for edge in json.loads(again)["detections"][0]["box"])
    changed = np.abs(drawn.astype(int) - picture).max(axis=2) > 60
    assert changed[y1 : y2 + 1, [x1, x2]].mean() > 0.8
    assert run("model", "predict", "face-detection", str(image), "-o", str(tmp_path / "seen.png"))[0] == 0
    assert read_picture(tmp_path / "seen.png").shape == picture.shape
    (tmp_path / "text.jpg").write_text("no picture")
    code, _, err = run("model", "predict", str(tmp_path / "text.jpg"), "--model", "face-detection")
    assert code == 2
    assert "OpenCV cannot read it" in err
    for arguments, says in (
        (["face-detection", str(tmp_path / "none.jpg")], "No such file or directory; expected a JPEG"),
        ([str(image)], "expected NAME IMAGE, or IMAGE --model NAME"),
        (["face-detection", str(image), "--model", "face-detection"], "expected NAME IMAGE, or IMAGE --model NAME"),
        (["face-detection", str(image), "-o", str(tmp_path / "seen.doc")], "expected a name that ends in .jpg"),
    ):
        code, _, err = run("model", "predict", *arguments)
        assert (code, says in " ".join(err.replace("│", " ").split())) == (2, True), err
