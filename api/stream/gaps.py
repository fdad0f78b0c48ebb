"""What lies between two positions, and so was not sent: pure."""

from __future__ import annotations

from enum import StrEnum

from api.store import ResultFilter
from api.stream.encodings import Gap
from api.stream.ids import Positions


class GapReason(StrEnum):
    """Why results were not sent."""

    SLOW = "slow"
    EXPIRED = "expired"
    RECREATED = "recreated"
    AHEAD = "ahead"
    """The id says more than the log has: it was cut short."""


def between(begin: Positions, end: Positions, model: str | None) -> tuple[Gap, bool]:
    """The offsets from `begin` to `end` of each partition of `model`, or of all; whether a topic was made anew.

    Of such a topic they begin with an offset of the old one and end with one of the new one.
    """
    offsets, is_renewed = {}, False
    for name, partition, behind in end:
        if model not in (None, name) or begin.incarnation(name) is None:
            continue
        at = max(begin.next(name, partition), 0)
        renewed = begin.incarnation(name) != end.incarnation(name)
        is_renewed |= renewed
        if renewed or at < behind:
            offsets[name, partition] = (at, behind)
    return offsets, is_renewed


def is_whole(wanted: ResultFilter) -> bool:
    """Whether a stream has every result of its topics, so that their offsets say how many there are."""
    return wanted == ResultFilter(model=wanted.model)
