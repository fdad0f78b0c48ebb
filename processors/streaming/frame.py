"""A frame as the worker sees it, and the result that comes of it: pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from processors.inference.picture import Pixels
from schemas.errors import HeaderError
from schemas.messages import (
    Detection,
    FrameAddress,
    FrameInfo,
    FrameReference,
    Headers,
    ModelReference,
    Result,
    StageTimings,
    decode_frame_headers,
)
from schemas.names import Header


class FrameRecord(Protocol):
    """A record of the frames topic as Faust hands it on; `timestamp` is the broker's, in seconds."""

    partition: int
    offset: int
    timestamp: float
    headers: Headers
    key: bytes | None
    value: bytes | None


class Inferred(Protocol):
    """What a core makes of a JPEG of `width` × `height` pixels; the durations are in seconds.

    `picture` is the JPEG's, decoded, where it was to be kept.
    """

    @property
    def detections(self) -> tuple[Detection, ...]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def decode_s(self) -> float: ...
    @property
    def infer_s(self) -> float: ...
    @property
    def outputs_s(self) -> float: ...
    @property
    def picture(self) -> Pixels | None: ...


class Frame(NamedTuple):
    """A frame whose headers are read; `age` is in seconds since the broker appended it."""

    info: FrameInfo
    address: FrameAddress
    age: float


def read_frame(record: FrameRecord, model: str, *, now: float) -> Frame:
    """Read the headers of a record in the frames topic of `model`.

    Raises:
        NewerRecordError: Only a newer release can read it.
        HeaderError: A header is missing or malformed, or the frame is for another model.
    """
    info = decode_frame_headers(record.headers)
    if info.model != model:
        raise HeaderError(f"header {Header.ID} = {info.id!r}: expected {model}/{info.run}/{info.seq} in this topic")
    return Frame(info, FrameAddress(model, record.partition, record.offset), now - record.timestamp)


def make_result(frame: Frame, inference: Inferred, model: ModelReference) -> Result:
    """The result of one inference.

    Raises:
        HeaderError: The headers claim another size than the JPEG has.
    """
    info = frame.info
    if (info.width, info.height) != (inference.width, inference.height):
        raise HeaderError(
            f"headers {Header.WIDTH} × {Header.HEIGHT} = {info.width}×{info.height}: "
            f"expected the JPEG's {inference.width}×{inference.height}"
        )
    return Result(
        frame=FrameReference.of(info, frame.address),
        model=model,
        detections=_refining(inference.detections, info),
        stages=StageTimings(
            wait=frame.age, decode=inference.decode_s, infer=inference.infer_s, outputs=inference.outputs_s
        ),
        inferred_at=datetime.now(UTC),
    )


def _refining(detections: tuple[Detection, ...], info: FrameInfo) -> tuple[Detection, ...]:
    """The detections; those in a crop say whose frame's detection they refine."""
    if info.parent is None:
        return detections
    return tuple(found.model_copy(update={"parent": info.parent.address}) for found in detections)
