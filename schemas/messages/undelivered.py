"""A result that a sink's receiver would not take: its value, untouched, and headers that say why."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.messages.dead_letter import MESSAGE_LIMIT
from schemas.messages.frame import Headers
from schemas.messages.result import Result
from schemas.names import Header


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a sink adds to the headers of a result that it sets aside.

    `error` is `refused` or `failed`, `message` what the receiver answered last, after so many `attempts`.
    """

    result: Result
    sink: str
    error: str
    message: str
    attempts: int

    def headers(self) -> Headers:
        """The record's headers: the result's own, then ours."""
        added = {
            Header.SINK: self.sink,
            Header.ERROR: self.error,
            Header.ERROR_MESSAGE: self.message[:MESSAGE_LIMIT],
            Header.ATTEMPTS: str(self.attempts),
        }
        return [*self.result.headers(), *((name, text.encode()) for name, text in added.items())]
