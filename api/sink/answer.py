"""What a receiver's answer means for a result, and for those behind it: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

LONGEST_WAIT_S: Final = 3600.0
"""The most that a receiver may ask us to wait."""
_OF_THE_RECEIVER: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.MISDIRECTED_REQUEST,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers that say nothing of one result: a wrong path or secret, or too much at once."""


class Verdict(Enum):
    """What becomes of the result that was sent."""

    TAKEN = auto()
    AWAY = auto()
    """The receiver, or the way to it, is at fault: all wait, and no result is blamed."""
    FAILED = auto()
    """The receiver failed, perhaps over this one: it is tried again, so many times."""
    REFUSED = auto()
    """The receiver will never take this one."""
    GONE = auto()
    """The receiver wants no more results."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: a status, or none, and why in words; `wait_s` is what the receiver asked for."""

    status: int | None
    reason: str
    wait_s: float = 0.0

    @property
    def label(self) -> str:
        """For a metric: the status, or `none`."""
        return "none" if self.status is None else str(self.status)

    @property
    def verdict(self) -> Verdict:
        status = self.status
        if status is None or 300 <= status < 400 or status in _OF_THE_RECEIVER:
            return Verdict.AWAY
        if 200 <= status < 300:
            return Verdict.TAKEN
        if status == HTTPStatus.GONE:
            return Verdict.GONE
        return Verdict.FAILED if status >= 500 else Verdict.REFUSED


def seconds_to_wait(retry_after: str | None, *, now: datetime) -> float:
    """What a `Retry-After` asks for, in seconds or as a time; 0 where it is none, and an hour at most."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
