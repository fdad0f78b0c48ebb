"""Stretches of the settled past in which open frames of many senders alternate: packed, a few bits a frame."""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.ledger.keys import HOLE, OUTCOMES, Keys, Tally, tally_of

_LEVEL: Final = 1
"""Of zlib: senders take turns, so the quickest finds what there is."""


class Stretch(NamedTuple):
    """Neighbouring offsets `first` … `last`: their keys, packed, and how many there are of each sender and outcome."""

    first: int
    last: int
    packed: bytes
    tally: Tally

    def keys(self) -> Keys:
        """The keys, to be changed at will."""
        return np.frombuffer(zlib.decompress(self.packed), np.uint32).copy()


class Packed:
    """Disjoint stretches, ascending."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._stretches)

    def __len__(self) -> int:
        return len(self._stretches)

    def put(self, first: int, keys: Keys) -> None:
        """Add a stretch from `first` on, at a place where there is none."""
        stretch = Stretch(first, first + len(keys) - 1, zlib.compress(keys.tobytes(), _LEVEL), tally_of(keys))
        self._stretches.insert(bisect_left(self._stretches, first, key=_first), stretch)

    def take(self, first: int, last: int) -> Iterator[tuple[int, Keys]]:
        """Remove every stretch that has a place within `first` … `last`, one by one: where it begins, and its keys."""
        begin, end = self._touching(first, last)
        touched = self._stretches[begin:end]
        del self._stretches[begin:end]
        return ((stretch.first, stretch.keys()) for stretch in touched)

    def open_frames(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """How many places within `first` … `last` have no outcome, by sender; a sender may come more than once."""
        begin, end = self._touching(first, last)
        for stretch in self._stretches[begin:end]:
            whole = first <= stretch.first and stretch.last <= last
            tally = stretch.tally if whole else tally_of(_within(stretch, first, last))
            yield from ((sender, frames) for (sender, outcome), frames in tally.items() if not outcome)

    def open_offsets(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The places within `first` … `last` that have no outcome, ascending: (offset, sender)."""
        begin, end = self._touching(first, last)
        for stretch in self._stretches[begin:end]:
            keys = _within(stretch, first, last)
            for place in np.flatnonzero((keys != HOLE) & (keys % OUTCOMES == 0)):
                yield max(stretch.first, first) + int(place), int(keys[place]) // OUTCOMES

    def _touching(self, first: int, last: int) -> tuple[int, int]:
        begin = bisect_left(self._stretches, first, key=_last)
        return begin, bisect_right(self._stretches, last, lo=begin, key=_first)


def _within(stretch: Stretch, first: int, last: int) -> npt.NDArray[np.uint32]:
    return stretch.keys()[max(first - stretch.first, 0) : last - stretch.first + 1]


def _first(stretch: Stretch) -> int:
    return stretch.first


def _last(stretch: Stretch) -> int:
    return stretch.last
