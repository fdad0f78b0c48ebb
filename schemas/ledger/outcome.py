"""What can become of a delivered frame."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """The recorded outcome of a delivered frame; where redelivery gives more than one, the highest counts."""

    NONE = 0
    EXPIRED = 1
    OTHER = 2
    """Skipped for a reason that only a newer release knows."""
    STALE = 3
    DEAD = 4
    INFERRED = 5
