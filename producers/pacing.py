"""When a picture is due, and which pictures a rate limit lets through: pure, the caller reads the clock.

A frame counts as captured from the moment that it is offered to a model. Pictures that a rate limit leaves out were
never offered: they are in no count and have no `seq`.
"""

from __future__ import annotations

import zlib
from typing import Final

_ROUNDING: Final = 1e-6


class Schedule:
    """Native pace: picture i of a recorded source is due i / fps seconds after the first.

    Whoever is late by more than one picture's time does not catch up by a burst, as a camera would not: the schedule
    moves, and the rest plays that much later.
    """

    def __init__(self, fps: float) -> None:
        self._period = 1.0 / fps
        self._start: float | None = None

    def wait(self, index: int, now: float) -> float:
        """Seconds from `now`, a monotonic clock's time, until picture `index` is due; 0 if it is due already."""
        if self._start is None:
            self._start = now - index * self._period
        late = now - self._start - index * self._period
        if late > self._period:
            self._start += late - self._period
        return max(0.0, -late)


class RateLimit:
    """At most `fps` pictures a second, evenly, whatever the rate that they come at.

    A bucket of two pictures: one that comes a moment early is left out, but then the next two pass, so that a camera
    whose own rate is the limit loses nothing but its very first jitter. `phase`, from 0 to 1, is the part of a period
    before the first picture: cameras that start together, each with a phase of its own, do not all come at once.
    """

    def __init__(self, fps: float, *, phase: float = 0.0) -> None:
        self._fps = fps
        self._allowance = 1.0 - phase
        self._last: float | None = None

    def admit(self, moment: float) -> bool:
        """Whether the picture of this `moment`, in seconds, is to be offered; moments ascend."""
        if self._last is not None:
            self._allowance = min(2.0, self._allowance + (moment - self._last) * self._fps)
        self._last = moment
        if self._allowance < 1.0 - _ROUNDING:
            return False
        self._allowance -= 1.0
        return True


def phase_of(camera: str) -> float:
    """A camera's place within a period, from 0 to 1, the same in every run."""
    return zlib.crc32(camera.encode()) / 2**32
