"""What the golden records say: every message in its edge shapes, by name.

A release's records are written from these objects, and read back to them by every later version. So an entry never
changes once it is part of a release: a new shape is a new entry.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Final

from processors.streaming.caution import CLEAN, Caution, Position, running, trying
from schemas.messages import (
    Camera,
    CameraState,
    CameraStatus,
    CaptureClaim,
    CaptureCounts,
    CropCounts,
    CropDrop,
    DeadLetter,
    Detection,
    DropReason,
    Flip,
    FrameAddress,
    FrameInfo,
    FrameReference,
    Lane,
    ModelReference,
    Pacing,
    Parent,
    PartitionRanges,
    Redrive,
    Result,
    Skip,
    SkippedFrames,
    SkipReason,
    StageTimings,
    Transport,
    Undelivered,
    crop_seq,
)

MODEL: Final = "object-detection"
FACES: Final = "face-detection"
LONGEST: Final = "a" + "b-_9" * 15 + "zz"
"""A name of 63 characters, the most that there may be."""
LARGEST: Final = 10**18 - 1
"""The largest number that a header holds."""
TIME: Final = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
WHOLE: Final = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
"""A time without a fraction."""

JPEG: Final = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm"
    "x5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAQABAD"
    "ASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAbEAACAgMBAAAAAAAAAAAAAAAREwVhABUjQv/EABQBAQAAAAAAAAAAAAAAAAAAAAD/"
    "xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCRFxuwb2WseSSbrEpG69XZjD5AAu8Rclr28WMHoAGrxKSWwVxWs+iSKrA//9k="
)
"""A real picture of 16 × 16 pixels."""

# Spelled out, as every list of words below: a member of a later version is an entry of its own.
_LANES: Final = (Lane.LIVE, Lane.BATCH, Lane.REDRIVE)
_PACINGS: Final = (Pacing.NATIVE, Pacing.MAX)


def _frame(seq: int, **fields: object) -> FrameInfo:
    given = {"run": 42, "captured_at": TIME, "camera": "gate", "site": "shop-7"} | fields
    return FrameInfo(model=MODEL, seq=seq, width=16, height=16, **given)  # type: ignore[arg-type]


PARENT: Final = Parent(
    address=f"{MODEL}/3/1234", index=9_999, box=(0.0, 0.5, 16.0, 15.25), map=(0.5, -0.0625, -3.25, 0.0625, 0.5, 0.0)
)

FRAMES: Final[dict[str, FrameInfo]] = {
    **{f"lane {lane.value}": _frame(number, lane=lane) for number, lane in enumerate(_LANES)},
    "traceparent": _frame(3, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    "longest names": _frame(4, camera=LONGEST, site=LONGEST),
    "largest numbers": _frame(LARGEST, run=LARGEST),
    "first of the first run": _frame(0, run=0, captured_at=WHOLE),
    "sent again": _frame(5, lane=Lane.REDRIVE, redrive_of=FrameAddress(MODEL, 3, 1234), redrive=2),
    "one second stage": _frame(6, followers=("pose",)),
    "second stages": _frame(7, followers=("pose", LONGEST)),
    "crop": _frame(crop_seq(6, 9_999), parent=PARENT),
    "crop of the highest seq": _frame(crop_seq(LARGEST, 9_999), parent=PARENT),
}

_AREA = ((0.0, 0.0), (1.0, 0.0), (0.25, 0.5))
_MINIMAL = Camera(id="gate", source="0", models=(MODEL,))
CAMERAS: Final[dict[str, Camera | str]] = {
    "minimal": _MINIMAL,
    "every field": Camera(
        id="entrance", source="rtsp://user@camera-7.example/stream1", models=(FACES, MODEL), site="shop-7", fps=12.5,
        loop=True, pacing=Pacing.MAX, lane=Lane.BATCH, quality=1, enabled=False,
    ),
    **{f"pacing {pacing.value}": _MINIMAL.model_copy(update={"pacing": pacing}) for pacing in _PACINGS},
    **{f"lane {lane.value}": _MINIMAL.model_copy(update={"lane": lane}) for lane in _LANES},
    "transport udp": _MINIMAL.model_copy(update={"transport": Transport.UDP}),
    "less work": _MINIMAL.model_copy(
        update={
            "rotate": 270, "flip": Flip.HORIZONTAL, "roi": _AREA, "masks": (_AREA, _AREA[::-1]), "still_fps": 0.2,
            "motion": 0.01,
        }
    ),
    "flip vertical": _MINIMAL.model_copy(update={"flip": Flip.VERTICAL}),
    "hours": _MINIMAL.model_copy(
        update={"schedule": ("mon-fri 08:00-20:00", "sat 22:00-02:00", "00:00-24:00"), "timezone": "Europe/Berlin"}
    ),
    "longest name": Camera(id=LONGEST, source="pattern:320x240", models=(MODEL,), site=LONGEST),
    "removed": "gate",
}  # fmt: skip
"""Camera specs; text is the id of a camera that was removed."""

_STATES = (
    CameraState.CONNECTING, CameraState.STREAMING, CameraState.FAILED, CameraState.ENDED, CameraState.STOPPED,
)  # fmt: skip
STATUSES: Final[dict[str, CameraStatus | str]] = {
    **{
        f"state {state.value}": CameraStatus(camera="gate", site="default", state=state, since=TIME, owner="edge-1-77")
        for state in _STATES
    },
    "every field": CameraStatus(
        camera="entrance", site="shop-7", state=CameraState.FAILED, since=WHOLE, owner="edge-1-77", run=42, fps=12.5,
        width=1280, height=720, error="source 'rtsp://user@camera-7.example/stream1': no answer; expected “pictures”",
    ),
    "state still": CameraStatus(
        camera="gate", site="default", state=CameraState.STILL, since=TIME, owner="edge-1-77", run=42, fps=10.0,
        last_error="source 'rtsp://10.0.0.7/s': no answer", last_error_at=WHOLE,
    ),
    "outside of its hours": CameraStatus(
        camera="gate", site="default", state=CameraState.STOPPED, since=TIME, owner="edge-1-77",
        note="outside of its hours until mon 2026-02-02 08:00 Europe/Berlin",
    ),
    "forgotten": "gate",
}  # fmt: skip
"""Camera states; text is the id of a camera whose state was forgotten."""

CLAIMS: Final[dict[str, CaptureClaim]] = {
    "claim": CaptureClaim(camera="gate", site="shop-7", owner="edge-1-77", time=TIME),
}

_REASONS = (DropReason.SUPERSEDED, DropReason.QUEUE_FULL, DropReason.TOO_LARGE, DropReason.ENCODE_FAILED)
COUNTS: Final[dict[str, CaptureCounts]] = {
    "nothing, closed": CaptureCounts(
        camera="gate", model=MODEL, run=0, time=WHOLE, first_seq=0, next_seq=0, closed=True
    ),
    "every drop reason": CaptureCounts(
        camera="gate", model=MODEL, run=42, time=TIME, first_seq=0, next_seq=10,
        dropped={reason: number for number, reason in enumerate(_REASONS, 1)},
    ),
    "still": CaptureCounts(
        camera="gate", model=MODEL, run=42, time=TIME, first_seq=0, next_seq=10, dropped={DropReason.STILL: 9},
        delivered=(PartitionRanges(partition=0, ranges=((410, 410),)),),
    ),
    "several ranges in several partitions, failed and in flight": CaptureCounts(
        camera="gate", model=MODEL, run=42, time=TIME, first_seq=10, next_seq=23, dropped={DropReason.SUPERSEDED: 1},
        failed=2,
        delivered=(
            PartitionRanges(partition=0, ranges=((410, 413), (415, 416))),
            PartitionRanges(partition=3, ranges=((1230, 1232),)),
        ),
        in_flight=1,
    ),
}  # fmt: skip


_CROP_REASONS = (
    CropDrop.TOO_SMALL, CropDrop.OVER_LIMIT, CropDrop.NO_KEYPOINTS, CropDrop.TOO_LARGE, CropDrop.ENCODE_FAILED,
)  # fmt: skip
CROP_COUNTS: Final[dict[str, CropCounts]] = {
    "every drop reason": CropCounts(
        camera="gate", model="pose", parent=f"{MODEL}/3/1234", time=TIME, offered=15,
        dropped={reason: number for number, reason in enumerate(_CROP_REASONS, 1)},
    ),
    "delivered to several partitions": CropCounts(
        camera=LONGEST, model="pose", parent=f"{MODEL}/0/0", time=WHOLE, offered=4,
        dropped={CropDrop.OVER_LIMIT: 1},
        delivered=(
            PartitionRanges(partition=0, ranges=((410, 410), (415, 415))),
            PartitionRanges(partition=3, ranges=((1230, 1230),)),
        ),
    ),
}  # fmt: skip


def _result(info: FrameInfo, offset: int, *detections: Detection) -> Result:
    return Result(
        frame=FrameReference.of(info, FrameAddress(MODEL, 3, offset)),
        model=ModelReference(name=MODEL, version="9f2c41d07be3", precision="f32", device="CPU"),
        detections=detections,
        stages=StageTimings(wait=-0.011, decode=0.0018, infer=0.0093, outputs=0.0),
        inferred_at=WHOLE,
    )


RESULTS: Final[dict[str, Result]] = {
    "no detections": _result(FRAMES["first of the first run"], 0),
    "one detection": _result(
        FRAMES["lane live"], 1234, Detection(label="person", score=0.97, box=(0.0, 0.5, 16.0, 15.25))
    ),
    "every field": _result(
        FRAMES["lane batch"],
        9_000_000_000,
        Detection(
            label="face", score=1.0, box=(1.0, 2.0, 3.0, 4.0), keypoints=((1.5, 2.5), (2.0, 3.0, 0.75)),
            embedding=(0.25, -0.5, 0.0), parent="object-detection/3/1234",
        ),
        Detection(label="Gesicht – 顔", score=0.0, box=(0.0, 0.0, 0.0, 0.0)),
    ),
    "redriven": _result(FRAMES["lane redrive"], 7),
    "sent again": _result(FRAMES["sent again"], 8),
    "crop": _result(
        FRAMES["crop"],
        9,
        Detection(
            label="person", score=0.5, box=(1.0, 2.0, 3.0, 4.0), keypoints=((1.5, 2.5, 0.75),), parent=PARENT.address
        ),
    ),
}  # fmt: skip

SKIPS: Final[dict[str, Skip]] = {
    "stale": Skip(
        model=MODEL, reason=SkipReason.STALE, time=TIME,
        skipped=(SkippedFrames(camera="gate", frames=(PartitionRanges(partition=3, ranges=((1240, 1251),)),)),),
    ),
    "stale, several cameras and ranges": Skip(
        model=MODEL, reason=SkipReason.STALE, time=WHOLE,
        skipped=(
            SkippedFrames(
                camera="gate",
                frames=(
                    PartitionRanges(partition=0, ranges=((1, 1), (3, 5), (9, 12))),
                    PartitionRanges(partition=2, ranges=((0, 0),)),
                ),
            ),
            SkippedFrames(camera=LONGEST, frames=(PartitionRanges(partition=0, ranges=((2, 2), (6, 8))),)),
        ),
    ),
    "expired": Skip(
        model=MODEL, reason=SkipReason.EXPIRED, time=TIME,
        skipped=(SkippedFrames(frames=(PartitionRanges(partition=1, ranges=((0, 99_999),)),)),),
    ),
}  # fmt: skip

_ADDRESS = FrameAddress(MODEL, 3, 1234)
_FOREIGN = (("x-binary", b"\xff\xfe\x00"), ("x-empty", b""), ("x-twice", b"1"), ("x-twice", b"2"))
UNDELIVERED: Final[dict[str, Undelivered]] = {
    "refused": Undelivered(next(iter(RESULTS.values())), "doors", "refused", "HTTP 422 no such door", 1),
    "failed": Undelivered(next(iter(RESULTS.values())), LONGEST, "failed", "x" * 1100, 12),
}

DEAD_LETTERS: Final[dict[str, tuple[DeadLetter, bytes | None]]] = {
    "value kept": (
        DeadLetter(
            _ADDRESS, "NotJpegError", "frame value: starts with 89504e47 (PNG); expected a JPEG",
            original=tuple(FRAMES["lane live"].encode()),
        ),
        b"\x89PNG\r\n\x1a\n\x00",
    ),
    "foreign headers": (DeadLetter(_ADDRESS, "HeaderError", "header ce_id is missing", original=_FOREIGN), JPEG),
    "no value": (DeadLetter(_ADDRESS, "NotJpegError", "frame value: is empty; expected a JPEG"), None),
    "value omitted": (
        DeadLetter(
            _ADDRESS, "FrameTooLargeError", "frame value: too large", value_omitted=True,
            original=tuple(FRAMES["lane batch"].encode()),
        ),
        None,
    ),
    "value and headers omitted": (
        DeadLetter(_ADDRESS, "HeaderError", "header x: " + "x" * 1014, value_omitted=True), None,
    ),
    "value and headers omitted, and said so": (
        DeadLetter(
            _ADDRESS, "HeaderError", "header x is missing", value_omitted=True, headers_omitted=True
        ), None,
    ),
    "lethal": (
        DeadLetter(
            _ADDRESS, "LethalFrameError", "the worker did not survive 3 attempts to infer this frame alone",
            attempts=3, original=tuple(FRAMES["traceparent"].encode()),
        ),
        JPEG,
    ),
}  # fmt: skip
"""Dead letters with their values."""

RETIRED: Final = frozenset({"value and headers omitted"})
"""Dead letters of earlier releases that are not written any more."""

REDRIVES: Final[dict[str, Redrive]] = {
    "first": Redrive(
        address=f"{MODEL}/0/99", camera="gate", letter=f"{MODEL}/3/1234", origin=f"{MODEL}/3/1234", number=1, time=TIME
    ),
    "second, of no camera": Redrive(
        address=f"{MODEL}/2/7", letter=f"{MODEL}/0/99", origin=f"{MODEL}/3/1234", number=2, time=WHOLE
    ),
}
MARKS: Final[dict[str, tuple[Position, Caution]]] = {
    "clean": (Position(100, CLEAN), Caution()),
    "running": (Position(100, running(130)), Caution(first=100, until=130)),
    "running beyond the log": (Position(100, running(2_000_000)), Caution(first=100, until=1000)),
    "running, nothing begun": (Position(100, running(100)), Caution(first=100, until=100)),
    "trying once": (Position(100, trying(1, 130)), Caution(first=100, until=130, tried=1)),
    "trying for the last time": (Position(100, trying(3, 101)), Caution(first=100, until=101, tried=3)),
    "trying the last frame": (Position(999, trying(2, 999)), Caution(first=999, until=1000, tried=2)),
}
"""Commits with their metadata, and what the next owner makes of them where the log ends before offset 1000."""
