"""A result: what one model saw in one frame. No detections is a result; a skip is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, field_validator

from schemas.errors import HeaderError
from schemas.messages._base import (
    INT32,
    INT64,
    Identifier,
    LaterWord,
    Message,
    Timestamp,
    format_time,
    refuse_later_version,
)
from schemas.messages.address import FrameAddress
from schemas.messages.frame import FrameInfo, Headers, Lane
from schemas.messages.parent import PLACES, Parent, crop_place, cropped_from_headers
from schemas.names import Header

RESULT_TYPE: Final = "framebus.result.v1"
JSON_TYPE: Final = "application/json"
_INDEX_DIGITS: Final = 9

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
    """The frame that a result belongs to; `address` is where its JPEG lives in the log.

    Of a frame that was sent again, since it was a dead letter or because somebody asked, `redrive_of` is the address
    that it had at first, which may be another model's, and `redrive` counts how often it was sent again. Of a crop,
    `parent` says what it was cut out of, and how to find its pixels there.
    """

    TITLE: ClassVar[str] = "frame reference"

    id: str
    camera: Identifier
    site: Identifier
    run: Annotated[int, Field(ge=0), INT64]
    seq: Annotated[int, Field(ge=0), INT64]
    captured_at: Timestamp
    width: Annotated[int, Field(ge=1), INT32]
    height: Annotated[int, Field(ge=1), INT32]
    lane: Annotated[Lane | LaterWord, Field(union_mode="left_to_right")]
    address: str
    redrive_of: str | None = None
    redrive: Annotated[int, Field(ge=0), INT64] | None = None
    parent: Parent | None = None

    @field_validator("address", "redrive_of")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
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
            redrive_of=str(info.redrive_of) if info.redrive_of else None,
            redrive=info.redrive if info.redrive_of else None,
            parent=info.parent,
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

    @property
    def in_parent(self) -> tuple[Detection, ...]:
        """The detections in pixels of the frame that the crop was cut out of; as they are where it is no crop."""
        parent = self.frame.parent
        return self.detections if parent is None else tuple(_moved(found, parent) for found in self.detections)

    def headers(self, traceparent: str | None = None) -> Headers:
        """CloudEvents headers; `ce_address` lets an audit count results without reading JSON."""
        headers = _result_headers(self.frame, self.inferred_at)
        if traceparent:
            headers.append((Header.TRACEPARENT, traceparent.encode()))
        return headers


def _moved(found: Detection, parent: Parent) -> Detection:
    """A detection with its points where they are in the parent; its box holds the four corners of the crop's."""
    x1, y1, x2, y2 = found.box
    corners = [parent.to_parent(corner) for corner in ((x1, y1), (x2, y1), (x1, y2), (x2, y2))]
    columns, rows = zip(*corners, strict=True)
    points = None if found.keypoints is None else tuple(map(parent.to_parent, found.keypoints))
    box = (min(columns), min(rows), max(columns), max(rows))
    return found.model_copy(update={"box": box, "keypoints": points})


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
    if frame.parent is not None:
        headers |= {Header.PARENT: frame.parent.address, Header.PARENT_INDEX: str(frame.parent.index)}
    if frame.redrive_of is not None:
        headers |= {Header.REDRIVE_OF: frame.redrive_of, Header.REDRIVE: str(frame.redrive or 0)}
    return [(name, value.encode()) for name, value in headers.items()]


def check_result_type(headers: Iterable[tuple[str, bytes | None]] | None) -> None:
    """Make sure that a result's value is of our version; headers that say nothing of it are no obstacle.

    `ce_address` stays what it is in every version, so that a reader of any release can count a result.

    Raises:
        NewerRecordError: A newer release wrote it.
    """
    for name, value in headers or ():
        if name == Header.TYPE and value is not None:
            refuse_later_version(value.decode(errors="replace"), RESULT_TYPE)


def identity_from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> FrameAddress:
    """What a result's repeats have in common with it: its frame's address, or of a crop the place of what it shows.

    Raises:
        HeaderError: `ce_address` is missing or malformed.
    """
    pairs = list(headers or ())
    address, parent = address_from_headers(pairs), cropped_from_headers(pairs)
    index = dict(pairs).get(Header.PARENT_INDEX)
    if parent is None or index is None or not index.isdigit() or int(index[:_INDEX_DIGITS]) >= PLACES:
        return address
    return crop_place(address.model, parent, int(index))


def address_from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> FrameAddress:
    """The frame's address from the headers of a result or a dead letter.

    Raises:
        HeaderError: `ce_address` is missing or malformed.
    """
    for name, value in headers or ():
        if name == Header.ADDRESS and value is not None:
            return FrameAddress.parse(value.decode(errors="replace"))
    raise HeaderError(f"header {Header.ADDRESS} is missing")
