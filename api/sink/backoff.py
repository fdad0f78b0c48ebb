"""How long to wait before the next request: doubling, with jitter, bounded."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
LAST_S: Final = 60.0


def backoff_s(tries: int, *, chance: Callable[[], float] = random.random) -> float:
    """Seconds after so many failed tries; up to a half less at random, so that replicas do not come back in step."""
    whole = min(LAST_S, FIRST_S * 2.0 ** min(max(tries, 1) - 1, 32))
    return whole * (1.0 - 0.5 * chance())
