"""What is left over of the settled past: runs of offsets that may still change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Run(NamedTuple):
    """Neighbouring offsets `first` … `last` with the same sender and the same outcome."""

    first: int
    last: int
    sender: int
    outcome: int

    @property
    def frames(self) -> int:
        """How many offsets it holds."""
        return self.last - self.first + 1


class Remainder:
    """Disjoint runs, ascending. Neighbours that are alike are one run, so a long stretch of the same costs nothing."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def put(self, runs: Iterable[Run]) -> None:
        """Add runs, ascending, at places where there are none."""
        for run in runs:
            index = bisect_left(self._runs, run.first, key=_first)
            self._runs.insert(index, run)
            self._join(index)

    def take(self, first: int, last: int) -> list[Run]:
        """Remove what lies within `first` … `last`, and give it, ascending."""
        begin = bisect_left(self._runs, first, key=_last)
        end = bisect_left(self._runs, last + 1, lo=begin, key=_first)
        touched = self._runs[begin:end]
        rest = []
        if touched and touched[0].first < first:
            rest.append(touched[0]._replace(last=first - 1))
        if touched and touched[-1].last > last:
            rest.append(touched[-1]._replace(first=last + 1))
        self._runs[begin:end] = rest
        return [run._replace(first=max(run.first, first), last=min(run.last, last)) for run in touched]

    def _join(self, index: int) -> None:
        for left in (index, index - 1):
            if not 0 <= left < len(self._runs) - 1:
                continue
            one, other = self._runs[left : left + 2]
            if one.last + 1 == other.first and one[2:] == other[2:]:
                self._runs[left : left + 2] = [one._replace(last=other.last)]


def _first(run: Run) -> int:
    return run.first


def _last(run: Run) -> int:
    return run.last
