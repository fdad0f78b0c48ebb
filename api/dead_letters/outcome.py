"""What came of the wish to send one dead letter again."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from schemas.messages import FrameAddress


class Done(StrEnum):
    """Whether a dead letter was sent again, or why not."""

    REDRIVEN = "redriven"
    NOT_FOUND = "not-found"
    """There is no such dead letter."""
    REFUSED = "refused"
    """It must not be sent: it was already and did not die of it, or nobody knows its model."""
    GONE = "gone"
    """Its bytes are neither in the letter nor in the frames' log any more."""
    FAILED = "failed"
    """Kafka did not acknowledge it: to try again is right, though it may be there all the same."""


class Outcome(NamedTuple):
    """What came of one dead letter; `to` is the frame's new address, `detail` says in words what is not right."""

    address: FrameAddress
    done: Done
    detail: str = ""
    to: FrameAddress | None = None
    number: int | None = None

    def __str__(self) -> str:
        if self.done is not Done.REDRIVEN:
            return f"not redriven: {self.address}: {self.detail}"
        return f"redriven: {self.address} to {self.to} (number {self.number})"
