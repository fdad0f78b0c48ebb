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
        self._negative_ages = 0

    @property
    def shedding(self) -> bool:
        """Whether a live frame older than `max_age` came, and none since then that is fresh."""
        return self._shedding

    @property
    def negative_ages(self) -> int:
        """How many frames came from the future: the worker's clock is behind the broker's."""
        return self._negative_ages

    def sheds(self, age: float, lane: Lane | str) -> bool:
        """Whether to skip a frame that the broker appended `age` seconds ago; only live frames are, and change this."""
        if age < 0:
            self._negative_ages += 1
        if lane is not Lane.LIVE:
            return False
        self._shedding = age > (self._stop if self._shedding else self._start)
        return self._shedding
