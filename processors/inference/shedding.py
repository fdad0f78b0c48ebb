"""Shedding with hysteresis: who is late skips frames until results are fresh again, and does not stay just too late."""

from __future__ import annotations

from typing import Final

from schemas.messages import Lane

FRESH_SHARE: Final = 4
"""Shedding goes on until a frame is younger than `max_age` / 4."""


class Shedder:
    """Decides frame by frame whether to skip it; one for each partition, since partitions are late independently."""

    def __init__(self, max_age: float) -> None:
        """`max_age` is in seconds, above 0."""
        self._start = max_age
        self._stop = max_age / FRESH_SHARE
        self._shedding = False

    def sheds(self, age: float, lane: Lane | str) -> bool:
        """Whether to skip a frame that the broker appended `age` seconds ago; only live frames are, and change this."""
        if lane is not Lane.LIVE:
            return False
        self._shedding = age > (self._stop if self._shedding else self._start)
        return self._shedding
