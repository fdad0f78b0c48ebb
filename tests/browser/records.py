"""Frames and what became of them, as the browser tests plant them: of now, with pictures that a browser can show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import cv2
import numpy as np

from schemas.messages import (
    DeadLetter,
    Detection,
    FrameAddress,
    FrameInfo,
    FrameReference,
    ModelReference,
    Result,
    StageTimings,
)
from tests.integration.api_world import MODEL, World

GREY: Final = 64
WIDTH, HEIGHT = 640, 360
VERSION: Final = "9f2c41d07be3aa10"
STAGES: Final = StageTimings(wait=0.020, decode=0.002, infer=0.015, outputs=0.001)


def grey() -> bytes:
    """A JPEG of one grey."""
    return cv2.imencode(".jpg", np.full((HEIGHT, WIDTH, 3), GREY, np.uint8))[1].tobytes()


PICTURE: Final = grey()


class Planted(NamedTuple):
    """A frame in the log."""

    address: FrameAddress
    info: FrameInfo


def plant(
    world: World, camera: str, seq: int, *, partition: int = 0, value: bytes = PICTURE, model: str = MODEL
) -> Planted:
    """A frame that was captured a moment ago."""
    captured_at = datetime.now(UTC) - timedelta(milliseconds=40)
    info = FrameInfo(model, camera, "default", 1, seq, captured_at, WIDTH, HEIGHT)
    offset = world.put(world.names.frames(model), value, key=camera, partition=partition, headers=info.encode())
    return Planted(FrameAddress(model, partition, offset), info)


def infer(world: World, frame: Planted, *detections: Detection, version: str = VERSION) -> Result:
    """The result of a planted frame."""
    address, info = frame
    result = Result(
        frame=FrameReference.of(info, address),
        model=ModelReference(name=address.model, version=version, precision="f32", device="CPU"),
        detections=detections,
        stages=STAGES,
        inferred_at=datetime.now(UTC),
    )
    topic = world.names.results(address.model)
    world.message(topic, result, key=info.camera, partition=address.offset % 2)
    return result


def bury(world: World, frame: Planted, value: bytes, *, error: str = "NotJpegError", attempts: int = 1) -> None:
    """The dead letter of a planted frame."""
    letter = DeadLetter(
        frame.address,
        error,
        f"because of {frame.address.offset}",
        attempts=attempts,
        original=tuple(frame.info.encode()),
    )
    world.put(world.names.dead_letters, value, key=frame.info.camera, headers=letter.encode())
