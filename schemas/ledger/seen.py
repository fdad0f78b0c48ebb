"""Which frames' results were seen: a reader's memory, by which it drops repeats."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from schemas.messages.address import FrameAddress

RUNS: Final = 4096
"""Runs of neighbouring offsets that are remembered of one partition of frames; a frame without a result ends one."""


class Seen:
    """Remembers addresses as runs of offsets, the newest `runs` of each partition: what came together costs nothing.

    What is older than these is forgotten: its repeat would pass for new. Nothing new is ever taken for a repeat.
    """

    def __init__(self, *, runs: int = RUNS) -> None:
        self._limit = runs
        self._partitions: dict[tuple[str, int], _Runs] = {}

    def add(self, address: FrameAddress) -> bool:
        """Remember `address`; True when it is new."""
        place = (address.model, address.partition)
        runs = self._partitions.get(place)
        if runs is None:
            runs = self._partitions[place] = _Runs()
        return runs.add(address.offset, self._limit)

    def __len__(self) -> int:
        """How many runs are remembered."""
        return sum(len(runs.firsts) for runs in self._partitions.values())


class _Runs:
    """Disjoint runs, ascending, none of them next to another: the first and the last offset of each."""

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self.lasts: list[int] = []

    def add(self, offset: int, limit: int) -> bool:
        firsts, lasts = self.firsts, self.lasts
        after = bisect_right(firsts, offset)
        before = after - 1
        if before >= 0 and offset <= lasts[before]:
            return False
        extends = before >= 0 and lasts[before] == offset - 1
        leads = after < len(firsts) and firsts[after] == offset + 1
        if extends and leads:
            lasts[before] = lasts.pop(after)
            del firsts[after]
        elif extends:
            lasts[before] = offset
        elif leads:
            firsts[after] = offset
        else:
            firsts.insert(after, offset)
            lasts.insert(after, offset)
            if len(firsts) > limit:
                del firsts[0], lasts[0]
        return True
