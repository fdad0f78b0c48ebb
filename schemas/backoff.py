"""How long to wait before the next try: exponential, with jitter, bounded."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Waits that double from `first_s` to `last_s` seconds, each shortened by up to a half at random.

    The jitter keeps those that were cut off together, as the cameras of one switch, from coming back in step.
    """

    def __init__(
        self, first_s: float = 1.0, last_s: float = 30.0, *, chance: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._chance = chance
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait before the next try."""
        whole = min(self._last_s, self._first_s * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return whole * (1.0 - 0.5 * self._chance())

    def reset(self) -> None:
        """The last try went well: begin anew."""
        self._tries = 0
