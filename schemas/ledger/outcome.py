"""What can become of a delivered frame."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """The recorded outcome of a delivered frame; where redelivery gives more than one, the highest counts."""

    NONE = 0
    EXPIRED = 1
    STALE = 2
    DEAD = 3
    INFERRED = 4
