"""Capture times that never run backwards within a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


class RunClock:
    """The wall clock at the start of a run, advanced by the monotonic clock.

    A step of the wall clock, as NTP makes, would otherwise put a frame before the one that it follows.
    """

    def __init__(
        self, *, wall: Callable[[], datetime] = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall()
        self._start = monotonic()

    def now(self) -> datetime:
        """The time, in UTC; never before an earlier answer."""
        return self._wall + timedelta(seconds=self._monotonic() - self._start)
