"""What was delivered, by capture about each second and by workers of crops: the left-hand side of the ledger."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from schemas.errors import MessageError
from schemas.messages._base import INT64, Identifier, LaterWord, Message, Timestamp, explain, refuse_later_kind
from schemas.messages.address import FrameAddress
from schemas.messages.ranges import PartitionRanges
from schemas.names import IDENTIFIER

Count = Annotated[int, Field(ge=0), INT64]


class DropReason(StrEnum):
    """Why capture did not send a frame that the camera offered."""

    SUPERSEDED = "superseded"
    """A newer frame came before this one was encoded: newest wins."""
    QUEUE_FULL = "queue-full"
    """The producer's bounded queue was full: Kafka is slow or away."""
    TOO_LARGE = "too-large"
    """The JPEG is larger than the frame limit."""
    ENCODE_FAILED = "encode-failed"
    """The picture could not be written as JPEG."""
    STILL = "still"
    """Nothing moved in it since the frame that was sent last: the camera asks for no more of such frames."""


def _reasons(ours: type[StrEnum]) -> dict[str, Any]:
    return {
        "anyOf": [
            {"enum": [reason.value for reason in ours]},
            {"pattern": f"^{IDENTIFIER.pattern}$", "type": "string"},
        ]
    }


class CaptureCounts(Message):
    """What happened to frames `first_seq` … `next_seq - 1` of one camera, run and model, and to older ones in flight.

    The conservation law that an audit checks, with `in_flight_before` from the record before (0 for the first):
    `(next_seq - first_seq) + in_flight_before = sum(dropped) + failed + delivered + in_flight`.
    """

    TITLE: ClassVar[str] = "capture counts"

    kind: Literal["counts"] = "counts"
    camera: Identifier
    model: Identifier
    run: Count
    time: Timestamp
    first_seq: Count
    next_seq: Count
    dropped: dict[Annotated[DropReason | LaterWord, Field(union_mode="left_to_right")], Count] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": _reasons(DropReason)}
    )
    failed: Count = 0
    delivered: tuple[PartitionRanges, ...] = ()
    in_flight: Count = 0
    closed: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.next_seq < self.first_seq:
            raise ValueError(f"next_seq = {self.next_seq}: expected first_seq = {self.first_seq} or more")
        return self

    @property
    def captured(self) -> int:
        """Frames that the camera offered in this interval."""
        return self.next_seq - self.first_seq

    @property
    def delivered_count(self) -> int:
        """Frames whose delivery the broker acknowledged in this interval."""
        return sum(ranges.count for ranges in self.delivered)


class CropDrop(StrEnum):
    """Why a detection that a second stage follows got no crop."""

    TOO_SMALL = "too-small"
    """Its box has fewer pixels on a side than the second stage needs."""
    OVER_LIMIT = "over-limit"
    """The frame has more such detections than the second stage takes."""
    NO_KEYPOINTS = "no-keypoints"
    """It lacks the keypoints by which the second stage wants it aligned."""
    TOO_LARGE = "too-large"
    """The crop's JPEG is larger than the frame limit."""
    ENCODE_FAILED = "encode-failed"
    """The crop could not be cut out, or not be written as JPEG."""


class CropCounts(Message):
    """What became of the detections of one frame that a second stage, `model`, follows.

    Written by the worker that inferred the frame at `parent`, when the broker has acknowledged each crop. The
    conservation law that an audit checks: `offered = sum(dropped) + delivered`.
    """

    TITLE: ClassVar[str] = "crop counts"

    kind: Literal["crops"] = "crops"
    camera: Identifier
    model: Identifier
    parent: str
    time: Timestamp
    offered: Count
    dropped: dict[Annotated[CropDrop | LaterWord, Field(union_mode="left_to_right")], Count] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": _reasons(CropDrop)}
    )
    delivered: tuple[PartitionRanges, ...] = ()

    @field_validator("parent")
    @classmethod
    def _is_address(cls, value: str) -> str:
        FrameAddress.parse(value)
        return value

    @property
    def imbalance(self) -> int:
        """Crops that break the conservation law: offered, but neither dropped nor delivered (or the reverse)."""
        return self.offered - sum(self.dropped.values()) - sum(ranges.count for ranges in self.delivered)


class CaptureClaim(Message):
    """A capture worker takes a camera: the record's offset is the run, and a higher one ends a lower one."""

    TITLE: ClassVar[str] = "capture claim"

    kind: Literal["claim"] = "claim"
    camera: Identifier
    site: Identifier
    owner: str
    time: Timestamp


_captures: TypeAdapter[CaptureCounts | CaptureClaim | CropCounts] = TypeAdapter(
    Annotated[CaptureCounts | CaptureClaim | CropCounts, Field(discriminator="kind")]
)


def decode_capture(value: bytes | None) -> CaptureCounts | CaptureClaim | CropCounts:
    """Read a record of the topic `captures`.

    Raises:
        NewerRecordError: It is of a kind that only a newer release knows.
        MessageError: The value is neither counts, of frames or of crops, nor a claim.
    """
    if not value:
        raise MessageError("capture record: the value is empty; expected a JSON object")
    try:
        return _captures.validate_json(value)
    except ValidationError as error:
        refuse_later_kind("capture record", error)
        raise MessageError(explain("capture record", error)) from None
