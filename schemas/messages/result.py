"""A result: what one model saw in one frame. No detections is a result; a skip is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, field_validator

from schemas.errors import HeaderError
from schemas.messages._base import Identifier, Message, Timestamp, format_time
from schemas.messages.address import FrameAddress
from schemas.messages.frame import FrameInfo, Headers, Lane
from schemas.names import Header

RESULT_TYPE: Final = "framebus.result.v1"
JSON_TYPE: Final = "application/json"

Score = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]


class Detection(Message):
    """One thing that a model found.

    `box` is (x1, y1, x2, y2) in pixels of the frame, x to the right, y down, inside the frame; `keypoints` are (x, y)
    or (x, y, score) in the same pixels; `embedding` is a unit-less vector; `parent` is the address of the frame whose
    detection this one refines.
    """

    TITLE: ClassVar[str] = "detection"

    label: str
    score: Score
    box: tuple[float, float, float, float]
    keypoints: tuple[tuple[float, ...], ...] | None = None
    embedding: tuple[float, ...] | None = None
    parent: str | None = None


class FrameReference(Message):
    """The frame that a result belongs to; `address` is where its JPEG lives in the log."""

    TITLE: ClassVar[str] = "frame reference"

    id: str
    camera: Identifier
    site: Identifier
    run: int = Field(ge=0)
    seq: int = Field(ge=0)
    captured_at: Timestamp
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    lane: Lane
    address: str

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        FrameAddress.parse(value)
        return value

    @classmethod
    def of(cls, info: FrameInfo, address: FrameAddress) -> Self:
        """The reference to the frame that `info` describes and `address` locates."""
        return cls(
            id=info.id,
            camera=info.camera,
            site=info.site,
            run=info.run,
            seq=info.seq,
            captured_at=info.captured_at,
            width=info.width,
            height=info.height,
            lane=info.lane,
            address=str(address),
        )


class ModelReference(Message):
    """Which network saw it; `version` is a content hash of the network and of its pre- and post-processing."""

    TITLE: ClassVar[str] = "model reference"

    name: Identifier
    version: str
    precision: str
    device: str


class StageTimings(Message):
    """Seconds that a frame spent in each stage; `wait` is from the broker's append to the worker's start."""

    TITLE: ClassVar[str] = "stage timings"

    wait: float
    decode: Seconds
    infer: Seconds
    outputs: Seconds


class Result(Message):
    """What one model saw in one frame, and how long it took."""

    TITLE: ClassVar[str] = "result"

    frame: FrameReference
    model: ModelReference
    detections: tuple[Detection, ...]
    stages: StageTimings
    inferred_at: Timestamp

    @property
    def id(self) -> str:
        """Deterministic: a redelivered frame gives the same id, so readers can drop repeats."""
        return self.frame.address

    def headers(self) -> Headers:
        """CloudEvents headers; `ce_address` lets an audit count results without reading JSON."""
        return _result_headers(self.frame, self.inferred_at)


def _result_headers(frame: FrameReference, inferred_at: datetime) -> Headers:
    headers = {
        Header.SPECVERSION: "1.0",
        Header.ID: frame.address,
        Header.SOURCE: f"/sites/{frame.site}/cameras/{frame.camera}",
        Header.TYPE: RESULT_TYPE,
        Header.TIME: format_time(inferred_at),
        Header.CONTENT_TYPE: JSON_TYPE,
        Header.ADDRESS: frame.address,
        Header.CAMERA: frame.camera,
        Header.RUN: str(frame.run),
        Header.SEQ: str(frame.seq),
    }
    return [(name, value.encode()) for name, value in headers.items()]


def address_from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> FrameAddress:
    """The frame's address from the headers of a result or a dead letter.

    Raises:
        HeaderError: `ce_address` is missing or malformed.
    """
    for name, value in headers or ():
        if name == Header.ADDRESS and value is not None:
            return FrameAddress.parse(value.decode(errors="replace"))
    raise HeaderError(f"header {Header.ADDRESS} is missing")
