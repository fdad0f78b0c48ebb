"""A window of time, as an audit's options give it: `10m` ago, or a moment with a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from schemas.errors import WindowError
from schemas.printable import shown

MOMENT: Final = "an age (10m, 1h30m, 2d) or a time with a zone (2026-01-31T12:00Z)"
"""What `since` and `until` may be, for those who describe them."""
HELD: Final = (
    "Capture records written in the window count, less deliveries outside of it; an outcome counts whenever it was "
    "written. Frames that the log no longer has are dated by their capture record."
)
"""What an audit takes for a window's, for those who describe it."""
CLOCK_SKEW_MS: Final = 60_000
"""How far brokers' clocks may differ: so much earlier than its frame an outcome may seem to be."""

_AGE: Final = re.compile(r"(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_EXPECTED: Final = "expected an age, as 10m, 90s, 1h30m or 2d, or a time with a zone, as 2026-01-31T12:00Z"


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` up to, but without, `until`; None: as far as there is anything."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def parse(cls, since: str | None, until: str | None, *, now: datetime) -> Self | None:
        """The window that two options name; None when neither is given.

        Raises:
            WindowError: One is neither an age nor a time, is not in the past, or the window is empty.
        """
        begin, end = (_moment(name, text, now) for name, text in (("since", since), ("until", until)))
        if begin is not None and end is not None and begin >= end:
            raise WindowError(f"since = {shown(since)}, until = {shown(until)}: expected since to be earlier")
        return cls(begin, end) if begin or end else None

    def holds(self, at_ms: int) -> bool:
        """Whether a moment, in milliseconds since the epoch, lies within."""
        return not self.is_before(at_ms) and not self.is_after(at_ms)

    def is_before(self, at_ms: int) -> bool:
        """Whether a moment is before the window."""
        return self.since is not None and at_ms < milliseconds(self.since)

    def is_after(self, at_ms: int) -> bool:
        """Whether a moment is after the window."""
        return self.until is not None and at_ms >= milliseconds(self.until)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch, as Kafka counts time."""
    return int(moment.timestamp() * 1000)


def _moment(name: str, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        moment = _age(text, now) or datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise WindowError(f"{name} = {shown(text)}: {_EXPECTED}") from None
    if moment.tzinfo is None:
        raise WindowError(f"{name} = {shown(text)}: the time has no zone; {_EXPECTED}")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise WindowError(f"{name} = {shown(text)}: {_EXPECTED}") from None
    if moment >= now:
        raise WindowError(f"{name} = {shown(text)}: expected a time in the past; now it is {now:%Y-%m-%dT%H:%M:%SZ}")
    # Kafka counts from 1970 on: what is earlier is the beginning.
    return max(moment, datetime.fromtimestamp(0, UTC))


def _age(text: str, now: datetime) -> datetime | None:
    found = _AGE.fullmatch(text)
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return now - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
