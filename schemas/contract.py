"""What `schemas/json` and `schemas/examples` must hold: the contract for readers in any language."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from schemas import headers
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
    FrameAddress,
    FrameInfo,
    FrameReference,
    Message,
    ModelReference,
    PartitionRanges,
    RawHeaders,
    Redrive,
    Result,
    Skip,
    SkippedFrames,
    SkipReason,
    StageTimings,
    Undelivered,
)

MESSAGES: Final[dict[str, type[Message]]] = {
    "camera": Camera,
    "camera-status": CameraStatus,
    "capture-claim": CaptureClaim,
    "capture-counts": CaptureCounts,
    "crop-counts": CropCounts,
    "redrive": Redrive,
    "result": Result,
    "skip": Skip,
}
"""The JSON messages by the name of their schema."""

_TIME: Final = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
_ADDRESS: Final = FrameAddress("face-detection", 3, 1234)

FRAME: Final = FrameInfo(
    model="face-detection",
    camera="entrance",
    site="shop-7",
    run=42,
    seq=815,
    captured_at=_TIME,
    width=640,
    height=360,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    followers=("face-embedding",),
)

DEAD_LETTER: Final = DeadLetter(
    address=_ADDRESS,
    error="NotJpegError",
    message="frame value: starts with 89504e47 (PNG); expected a JPEG",
    original=tuple(FRAME.encode()),
)

RESULT: Final = Result(
    frame=FrameReference.of(FRAME, _ADDRESS),
    model=ModelReference(name="face-detection", version="9f2c41d07be3", precision="f32", device="CPU"),
    detections=(
        Detection(
            label="face",
            score=0.97,
            box=(212.5, 80.0, 301.0, 196.5),
            keypoints=((236.0, 124.5), (279.5, 125.0), (258.0, 148.0), (240.0, 169.0), (276.0, 169.5)),
        ),
    ),
    stages=StageTimings(wait=0.011, decode=0.0018, infer=0.0093, outputs=0.0004),
    inferred_at=datetime(2026, 1, 31, 12, 0, 0, 291_000, tzinfo=UTC),
)

UNDELIVERED: Final = Undelivered(
    RESULT, sink="door-opener", error="refused", message="HTTP 422 no such door", attempts=1
)

EXAMPLES: Final[dict[str, Message]] = {
    "camera": Camera(
        id="entrance",
        source="rtsp://camera-7.example/stream1",
        models=("face-detection",),
        site="shop-7",
        fps=12.5,
        masks=(((0.0, 0.0), (0.25, 0.0), (0.25, 1.0), (0.0, 1.0)),),
        still_fps=1.0,
        schedule=("mon-fri 08:00-20:00", "sat 22:00-02:00"),
        timezone="Europe/Berlin",
    ),
    "camera-status": CameraStatus(
        camera="entrance",
        site="shop-7",
        state=CameraState.STREAMING,
        since=_TIME,
        owner="edge-1",
        run=42,
        fps=12.5,
        width=1280,
        height=720,
    ),
    "capture-claim": CaptureClaim(camera="entrance", site="shop-7", owner="edge-1", time=_TIME),
    "capture-counts": CaptureCounts(
        camera="entrance",
        model="face-detection",
        run=42,
        time=_TIME,
        first_seq=800,
        next_seq=813,
        dropped={DropReason.SUPERSEDED: 1},
        delivered=(
            PartitionRanges(partition=0, ranges=((410, 413), (415, 416))),
            PartitionRanges(partition=3, ranges=((1230, 1234),)),
        ),
        in_flight=1,
    ),
    "crop-counts": CropCounts(
        camera="entrance",
        model="face-embedding",
        parent=str(_ADDRESS),
        time=datetime(2026, 1, 31, 12, 0, 0, 290_000, tzinfo=UTC),
        offered=4,
        dropped={CropDrop.TOO_SMALL: 1},
        delivered=(
            PartitionRanges(partition=2, ranges=((77, 77),)),
            PartitionRanges(partition=5, ranges=((120, 121),)),
        ),
    ),
    "redrive": Redrive(
        address="face-detection/7/2045",
        camera="entrance",
        letter=str(_ADDRESS),
        origin=str(_ADDRESS),
        number=1,
        time=datetime(2026, 1, 31, 14, 30, tzinfo=UTC),
    ),
    "result": RESULT,
    "skip": Skip(
        model="face-detection",
        reason=SkipReason.STALE,
        time=_TIME,
        skipped=(SkippedFrames(camera="entrance", frames=(PartitionRanges(partition=3, ranges=((1240, 1251),)),)),),
    ),
}
"""A golden record of every JSON message."""

EXAMPLE_HEADERS: Final[dict[str, RawHeaders]] = {
    "frame": FRAME.encode(),
    "result": RESULT.headers(),
    "dead-letter": DEAD_LETTER.encode(),
    "undelivered": UNDELIVERED.headers(),
}
"""The golden record headers of the messages that have some."""


def files() -> dict[str, str]:
    """Every contract file's text by its path below `schemas/`."""
    texts = {f"json/{name}.schema.json": _dump(_schema(name, kind)) for name, kind in MESSAGES.items()}
    texts |= {f"json/{name}.headers.schema.json": _dump(headers.schema(name)) for name in headers.HEADERS}
    texts |= {f"examples/{name}.json": _dump(json.loads(message.to_json())) for name, message in EXAMPLES.items()}
    texts |= {
        f"examples/{name}.headers.json": _dump({key: (value or b"").decode() for key, value in pairs})
        for name, pairs in EXAMPLE_HEADERS.items()
    }
    return texts


def _schema(name: str, kind: type[Message]) -> dict[str, Any]:
    schema = kind.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:framebus:{name}:v1"} | schema


def _dump(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
