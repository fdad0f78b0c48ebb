"""How many frames may be in flight at once: what is done soon at the pace that the model has on this machine.

What is in flight counts as lag and cannot be shed any more: with a window of one size, a worker that infers 5 frames a
second would be nearly 5 s behind by what it has taken alone.
"""

from __future__ import annotations

import asyncio
from typing import Final

START: Final = 24
"""Places at the start, at most: it is not known yet how fast the model is."""
PATIENCE_S: Final = 0.1
"""What is done waits for company for so long, at most,"""
_PATIENT_SHARE: Final = 3
"""and for this part of what an inference takes, from when the frame is taken: two such waits, for the loop and for the
broker, leave half of what is in flight, beside what keeps the device busy."""
_WEIGHT: Final = 0.1
"""Of one frame in the mean: some ten frames of another pace are believed."""


class InFlight:
    """Places for frames in flight, for one that takes them; belongs to an event loop.

    There are as many as are inferred within `horizon_s`, by Little's law: what is in flight, over the seconds that a
    frame takes, is the pace. Never fewer than `least`, which keep the device busy, nor more than `most`.
    """

    def __init__(self, least: int, most: int, horizon_s: float) -> None:
        self.taken = 0
        self._least = min(least, most)
        self._most = most
        self._horizon_s = horizon_s
        self._size = float(max(min(START, most), self._least))
        self._frame_s = 0.0
        self._room = asyncio.Event()

    @property
    def size(self) -> int:
        """How many there are."""
        return round(self._size)

    @property
    def full(self) -> bool:
        """Whether `take` would wait."""
        return self.taken >= self.size

    @property
    def patience(self) -> float:
        """Seconds that what is done may wait for more to be handled with it; none but while frames wait for a place.

        To wake a thread is dear: what it runs has left the processor's caches, through which the network has gone.
        """
        spare = 1 - self._least / self._size
        return min(PATIENCE_S, spare * self._frame_s / _PATIENT_SHARE) if self.full else 0.0

    async def take(self) -> None:
        """Take a place; wait until there is one."""
        while self.full:
            self._room.clear()
            await self._room.wait()
        self.taken += 1

    def give_back(self) -> None:
        """A frame is done."""
        self.taken -= 1
        self._wake()

    def took(self, seconds: float) -> None:
        """A frame that has a place yet was `seconds` in inference, from when it was taken."""
        wanted = self.taken * self._horizon_s / max(seconds, 1e-6)
        self._size += _WEIGHT * (min(max(wanted, self._least), self._most) - self._size)
        self._frame_s += _WEIGHT * (seconds - self._frame_s)
        self._wake()

    def _wake(self) -> None:
        if not self.full:
            self._room.set()
