"""A frame of an export: where it stands, when it was taken, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.ledger.outcome import Outcome
from schemas.messages import FrameAddress, Result


@dataclass(frozen=True, slots=True)
class ExportedFrame:
    """One frame in the log; `width` and `height` are those of its JPEG, in pixels.

    `passed` says that the model's workers have committed it: without an outcome it is lost then, and not yet due
    otherwise.
    """

    address: FrameAddress
    run: int
    seq: int
    captured_at: datetime
    width: int
    height: int
    outcome: Outcome
    passed: bool
    result: Result | None

    @property
    def fate(self) -> str:
        """What became of it, in the ledger's words; `unreadable` is a result that only a newer release can read."""
        if self.outcome is Outcome.INFERRED:
            return "inferred" if self.result else "unreadable"
        if self.outcome is not Outcome.NONE:
            return self.outcome.name.lower()
        return "lost" if self.passed else "in_log"
