"""Frames that a worker deliberately did not infer, written and acknowledged before their offsets are committed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.messages._base import Identifier, LaterWord, Message, Timestamp
from schemas.messages.address import FrameAddress
from schemas.messages.ranges import PartitionRanges


class SkipReason(StrEnum):
    """Why a worker did not infer a frame."""

    STALE = "stale"
    """A live frame was older than the model's `max_age` while the worker was shedding."""
    EXPIRED = "expired"
    """Retention removed the frame from the log before the worker read it."""


class SkippedFrames(Message):
    """Skipped frames of one camera; `camera` is None for expired frames, which nobody saw."""

    TITLE: ClassVar[str] = "skipped frames"

    camera: Identifier | None = None
    frames: Annotated[tuple[PartitionRanges, ...], Field(min_length=1)]


class Skip(Message):
    """Frames of one model, skipped for one reason: at most 500 ms or 1,000 frames a record (except expired).

    A reason that a later release adds is kept by its name. Records of 0.1.0 have no `kind`.
    """

    TITLE: ClassVar[str] = "skip"

    kind: Literal["skip"] = "skip"
    model: Identifier
    reason: Annotated[SkipReason | LaterWord, Field(union_mode="left_to_right")]
    time: Timestamp
    skipped: Annotated[tuple[SkippedFrames, ...], Field(min_length=1)]

    @property
    def count(self) -> int:
        """How many frames the record accounts for."""
        return sum(ranges.count for entry in self.skipped for ranges in entry.frames)

    def holds(self, address: FrameAddress) -> bool:
        """Whether the frame at `address` is among them."""
        return address.model == self.model and any(
            first <= address.offset <= last
            for entry in self.skipped
            for ranges in entry.frames
            if ranges.partition == address.partition
            for first, last in ranges.ranges
        )
