"""What less work costs: CPU and bytes a frame beside the detections that are missed, on the sample videos.

`make bench BENCH=gating` prints one table a video and writes build/bench/gating.json. What full, ungated frames show is
the measure: of each of their detections somebody who reads results must have the like in the newest one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.local.media import Media
from processors.inference.core import InferenceCore
from producers.encode import Jpeg, encode
from producers.motion import MotionGate
from producers.sources import Picture
from schemas.catalogue import Catalogue
from schemas.messages import Camera, Detection

FRAMES = 150
SCORE = 0.5
"""Detections of full frames with at least this score count; the like of one may have any score above the network's."""
ALIKE = 0.5
"""The overlap (IoU) from which on a detection of the same label is the like of another."""
STILL_FPS = 1.0
FULL = 10_000
REPORT = Path("build/bench/gating.json")

SIZES = ((FULL, 95), (FULL, 85), (640, 85), (640, 70), (640, 50), (480, 85), (320, 85))
"""Width and JPEG quality; the first is the measure, the third what a camera has by default."""
SHARES = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.02)
"""`motion`, with `still_fps` = 1, at the default width and quality."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to send a video; `cpu_ms` and `kilobytes` are means over all of its pictures."""

    way: str
    sent: float
    cpu_ms: float
    kilobytes: float
    missed: float


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of each picture in one way: its JPEG, or None where it was not sent."""

    jpegs: list[bytes | None]
    cpu_ms: float


def pictures_of(video: Path) -> tuple[list[Picture], float]:
    """The first pictures of `video`, and its frames a second."""
    source = cv2.VideoCapture(str(video))
    pictures: list[Picture] = []
    while len(pictures) < FRAMES:
        came, picture = source.read()
        if not came:
            break
        pictures.append(picture)
    fps = float(source.get(cv2.CAP_PROP_FPS))
    source.release()
    return pictures, fps


def still_scene(picture: Picture) -> list[Picture]:
    """One picture again and again, with a sensor's noise of 3 grey levels: there is no sample of an empty room."""
    rng = np.random.default_rng(7)
    noisy = (picture + rng.normal(0, 3, picture.shape) for _ in range(FRAMES))
    return [one.clip(0, 255).astype(np.uint8) for one in noisy]


def send(pictures: Sequence[Picture], fps: float, width: int, quality: int, motion: float | None = None) -> Sent:
    """As capture does it, but for the wait between pictures."""
    fields = {"id": "a", "source": "pattern:", "models": ["m"]} | ({"motion": motion} if motion else {})
    gate = MotionGate(Camera.model_validate(fields), STILL_FPS) if motion else None
    jpegs: list[bytes | None] = []
    begun = time.thread_time()
    for number, picture in enumerate(pictures):
        if gate and not gate.admit(picture, number / fps):
            jpegs.append(None)
            continue
        jpeg = encode(picture, {"m": width}, quality=quality, limit_bytes=1 << 22)["m"]
        assert isinstance(jpeg, Jpeg)
        jpegs.append(jpeg.value)
    return Sent(jpegs, (time.thread_time() - begun) * 1000 / len(pictures))


def seen(core: InferenceCore, jpegs: Sequence[bytes | None]) -> Iterator[tuple[Detection, ...]]:
    """What the newest result says as of each picture, with boxes in shares of the frame."""
    futures = [core.submit(jpeg) if jpeg else None for jpeg in jpegs]
    newest: tuple[Detection, ...] = ()
    for future in futures:
        if future:
            inference = future.result(60)
            size = np.asarray((inference.width, inference.height) * 2)
            newest = tuple(
                one.model_copy(update={"box": tuple(np.asarray(one.box) / size)}) for one in inference.detections
            )
        yield newest


def missed(wanted: Sequence[Sequence[Detection]], found: Sequence[Sequence[Detection]]) -> float:
    """The share of the detections in `wanted` that has nothing like it in `found`, picture by picture."""
    every = [(one, others) for ones, others in zip(wanted, found, strict=True) for one in ones if one.score >= SCORE]
    assert every, "a video without detections says nothing"
    lost = sum(not any(one.label == other.label and overlap(one, other) >= ALIKE for other in o) for one, o in every)
    return lost / len(every)


def overlap(one: Detection, other: Detection) -> float:
    left, top = max(one.box[0], other.box[0]), max(one.box[1], other.box[1])
    right, low = min(one.box[2], other.box[2]), min(one.box[3], other.box[3])
    common = max(0.0, right - left) * max(0.0, low - top)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one.box, other.box)]
    return common / (sum(areas) - common) if common else 0.0


def row(way: str, sent: Sent, lost: float) -> Row:
    taken = [jpeg for jpeg in sent.jpegs if jpeg]
    number = len(sent.jpegs)
    kilobytes = sum(map(len, taken)) / 1000 / number
    return Row(way, round(len(taken) / number, 3), round(sent.cpu_ms, 2), round(kilobytes, 1), round(lost, 3))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "video"),
    [
        ("object-detection", "vtest.avi"),
        ("object-detection", "vtest.avi, its first picture"),
        ("object-detection", "bikes.mp4"),
        ("face-detection", "WolfgangLanger_Pexels.mp4"),
        ("face-detection", "WolfgangLanger_Pexels.mp4, its first picture"),
    ],
)
def test_what_less_work_costs(
    name: str, video: str, network: Callable[[str], Path], media: Media, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures, fps = pictures_of(media.path(video.partition(",")[0]))
    is_still = "," in video
    if is_still:
        pictures = still_scene(pictures[0])
    core = InferenceCore(Catalogue().get(name), network(name), limit_bytes=1 << 22)
    try:
        rows, default = _table(core, pictures, fps)
    finally:
        core.close()
    record = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(record | {f"{name}, {video}": [asdict(one) for one in rows]}, indent=2) + "\n")
    with capsys.disabled():
        print(f"\n{name}, {video}: {len(pictures)} pictures, {pictures[0].shape[1]} wide, {fps:g} fps")  # noqa: T201
        for one in rows:
            figures = f"{one.sent:6.1%} {one.cpu_ms:7.2f} ms {one.kilobytes:7.1f} kB {one.missed:6.1%}"
            print(f"  {one.way:24} sent {figures} missed")  # noqa: T201
    gated = next(one for one in rows if one.way == f"motion {Camera.model_fields['motion'].default}")
    assert gated.missed - default.missed < 0.05
    if is_still:
        assert gated.kilobytes < 0.2 * default.kilobytes
        assert gated.cpu_ms < 0.5 * default.cpu_ms


def _table(core: InferenceCore, pictures: Sequence[Picture], fps: float) -> tuple[list[Row], Row]:
    rows: list[Row] = []
    wanted: list[tuple[Detection, ...]] = []
    default: Row | None = None
    for width, quality in SIZES:
        sent = send(pictures, fps, width, quality)
        found = list(seen(core, sent.jpegs))
        wanted = wanted or found
        rows.append(row(f"{'full' if width == FULL else width} wide, quality {quality}", sent, missed(wanted, found)))
        if (width, quality) == (640, 85):
            default = rows[-1]
    assert default is not None
    for share in SHARES:
        sent = send(pictures, fps, 640, 85, share)
        rows.append(row(f"motion {share}", sent, missed(wanted, list(seen(core, sent.jpegs)))))
    return rows, default
