"""A partition's ledger against a naive one, which keeps every offset by itself for ever."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ledger import Ledger, Outcome, partition
from schemas.ledger.partition import UNCOUNTED, PartitionLedger
from schemas.ledger.remainder import Remainder, Run
from schemas.messages import FrameAddress, PartitionRanges

OK, D, S, E, NONE = Outcome.INFERRED, Outcome.DEAD, Outcome.STALE, Outcome.EXPIRED, Outcome.NONE
REAL = (OK, D, S, E)


@dataclass
class Frame:
    sender: int = UNCOUNTED
    outcome: Outcome = NONE
    folded: bool = False


@dataclass
class Naive:
    """What `PartitionLedger` promises, offset by offset."""

    frames: dict[int, Frame] = field(default_factory=dict)
    repeats: int = 0
    conflicts: int = 0
    folded: int = 0

    def reach(self, first: int, last: int) -> None:
        known = {first, last, *self.frames}
        for offset in range(min(known), max(known) + 1):
            self.frames.setdefault(offset, Frame())

    def deliver(self, first: int, last: int, sender: int) -> None:
        self.reach(first, last)
        for offset in range(first, last + 1):
            if not self.frames[offset].folded:
                self.frames[offset].sender = sender
        self.settle()

    def adopt(self, offset: int, sender: int) -> None:
        self.reach(offset, offset)
        if not self.frames[offset].sender:
            self.frames[offset].sender = sender
        self.settle()

    def record_range(self, first: int, last: int, outcome: Outcome) -> None:
        self.reach(first, last)
        for offset in range(first, last + 1):
            frame = self.frames[offset]
            if frame.folded or frame.outcome == outcome:
                self.repeats += 1
                continue
            self.conflicts += bool(frame.outcome)
            frame.outcome = max(frame.outcome, outcome)
        self.settle()

    def cover(self, first: int, end: int) -> None:
        if first < end:
            self.reach(first, end - 1)

    def fold(self, line: int) -> None:
        if self.frames and line > min(self.frames):  # a line below every frame folds nothing, nor what comes later
            self.folded = max(self.folded, min(line, max(self.frames) + 1))
        self.settle()

    def settle(self) -> None:
        for offset, frame in self.frames.items():
            if offset < self.folded and frame.sender and frame.outcome:
                frame.folded = True

    def tally(self) -> Counter[tuple[int, int]]:
        return Counter((frame.sender, int(frame.outcome)) for frame in self.frames.values())

    def open(self, first: int, end: int) -> list[tuple[int, int]]:
        return [
            (offset, frame.sender)
            for offset, frame in sorted(self.frames.items())
            if first <= offset < end and not frame.outcome
        ]


def steps(most: int) -> st.SearchStrategy[list[tuple[str, tuple[int, ...]]]]:
    places = st.tuples(st.integers(0, most), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    return st.lists(
        st.one_of(
            st.tuples(st.just("deliver"), st.tuples(places, st.integers(1, 3)).map(lambda one: (*one[0], one[1]))),
            st.tuples(
                st.just("record_range"), st.tuples(places, st.sampled_from(REAL)).map(lambda one: (*one[0], one[1]))
            ),
            st.tuples(st.just("adopt"), st.tuples(st.integers(0, most), st.integers(1, 3))),
            st.tuples(st.just("cover"), places),
            st.tuples(st.just("fold"), st.tuples(st.integers(0, most + 15))),
        ),
        max_size=30,
    )


def compare(steps: list[tuple[str, tuple[int, ...]]], bounds: tuple[int, int]) -> None:
    ledger, naive = PartitionLedger(), Naive()
    for name, arguments in steps:
        getattr(ledger, name)(*arguments)
        getattr(naive, name)(*arguments)
    assert ledger.tally() == naive.tally()
    assert (ledger.repeats, ledger.conflicts) == (naive.repeats, naive.conflicts)
    found = naive.open(*bounds)
    assert ledger.open_offsets(*bounds, limit=100) == found
    assert ledger.open_offsets(*bounds, limit=3) == found[:3]
    assert ledger.open_frames(*bounds) == Counter(sender for _, sender in found)


BOUNDS = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(steps=steps(40), bounds=BOUNDS)
def test_it_says_what_a_naive_one_says(steps: list[tuple[str, tuple[int, ...]]], bounds: tuple[int, int]) -> None:
    compare(steps, bounds)


@given(steps=steps(40), bounds=BOUNDS, block=st.integers(1, 20))
def test_packed_it_says_what_a_naive_one_says(
    steps: list[tuple[str, tuple[int, ...]]], bounds: tuple[int, int], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("FEW", 0), ("LEAST", 1), ("BLOCK", block)):
            patch.setattr(partition, name, value)
        compare(steps, bounds)


@given(steps=steps(40), floor=st.integers(0, 30), size=st.one_of(st.none(), st.integers(0, 30)))
def test_a_window_says_what_a_naive_one_says_of_its_offsets(
    steps: list[tuple[str, tuple[int, ...]]], floor: int, size: int | None
) -> None:
    """Restricting before or after something is known comes to the same; what is outside never counts."""
    ceiling = None if size is None else floor + size
    first, later = PartitionLedger(), PartitionLedger()
    first.restrict(floor, ceiling)
    steps = [(name, arguments) for name, arguments in steps if name == "deliver"]
    for name, arguments in steps:
        getattr(first, name)(*arguments)
        getattr(later, name)(*arguments)
    later.restrict(floor, ceiling)
    inside = {
        offset: arguments[2]
        for _, arguments in steps
        for offset in range(arguments[0], arguments[1] + 1)
        if offset >= floor and (ceiling is None or offset < ceiling)
    }
    for ledger in (first, later):
        ledger.record_range(0, 100, OK)
        covered = range(floor, 101 if ceiling is None else min(ceiling, 101))
        assert ledger.tally() == Counter((inside.get(offset, UNCOUNTED), int(OK)) for offset in covered)


def test_a_range_of_millions_costs_what_one_does() -> None:
    ledger = PartitionLedger()
    last = 20_000_000
    ledger.deliver(0, last, 1)
    ledger.record_range(0, last, E)
    ledger.record_range(5, last, E)
    ledger.fold(last + 1)
    assert len(ledger) == 0
    assert ledger.tally() == Counter({(1, int(E)): last + 1})
    assert ledger.repeats == last - 4


@pytest.mark.parametrize(
    ("outcome", "later", "expected", "counted"),
    [
        (S, OK, S, (1, 0)),  # of a folded frame nobody knows any more what it was: whatever comes is a repeat
        (NONE, OK, OK, (0, 0)),
        (NONE, NONE, NONE, (0, 0)),
    ],
)
def test_what_comes_after_folding(
    outcome: Outcome, later: Outcome, expected: Outcome, counted: tuple[int, int]
) -> None:
    ledger = PartitionLedger()
    ledger.deliver(0, 0, 1)
    for one in filter(None, (outcome,)):
        ledger.record(0, one)
    ledger.fold(1)
    for one in filter(None, (later,)):
        ledger.record(0, one)
    assert ledger.tally() == Counter({(1, int(expected)): 1})
    assert (ledger.repeats, ledger.conflicts) == counted


def test_a_frame_that_was_lost_may_still_be_found() -> None:
    ledger = Ledger()
    for offset in (0, 1, 3):
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    place = {("m", 0): 4}
    ledger.fold(place)
    assert [str(entry.address) for entry in ledger.balance(place, place).unexplained] == ["m/0/2"]
    ledger.add_outcome(FrameAddress("m", 0, 2), D)
    balance = ledger.balance(place, place)
    assert balance.is_clean
    assert (balance.uncounted["m"].inferred, balance.uncounted["m"].dead) == (3, 1)


def test_memory_follows_what_is_in_the_log_and_not_history() -> None:
    """A long life: a hundred thousand frames, of which the log holds a hundred at a time."""
    ledger = Ledger()
    sizes = []
    for start in range(0, 100_000, 100):
        ranges = PartitionRanges(partition=0, ranges=((start, start + 99),))
        ledger.add_outcomes("m", ranges, OK)
        end = {("m", 0): start + 100}
        ledger.fold({("m", 0): start})
        sizes.append(len(ledger))
    assert max(sizes) <= 101
    assert ledger.balance(end, end).uncounted["m"].inferred == 100_000


def test_what_no_worker_ever_reads_costs_less_than_a_place_in_the_arrays() -> None:
    """Four cameras take turns, retention takes all of it, and then a worker comes that records it."""
    ledger, frames = PartitionLedger(), 1_000_000
    for start in range(0, frames, 1000):
        for offset in range(start, start + 1000):
            ledger.deliver(offset, offset, 1 + offset % 4)
        ledger.fold(start)
    ledger.fold(frames)
    each = frames // 4
    assert len(ledger) <= frames / partition.LEAST + partition.FEW
    assert sum(len(stretch.packed) for stretch in ledger._packed) < frames / 10
    assert ledger.open_frames(0, frames) == Counter(dict.fromkeys(range(1, 5), each))
    assert ledger.open_frames(5, frames - 3) == Counter({1: each - 2, 2: each - 2, 3: each - 2, 4: each - 2})
    assert ledger.open_offsets(70_001, frames, limit=2) == [(70_001, 2), (70_002, 3)]
    ledger.record(70_001, OK)  # somebody had it in hand
    ledger.record_range(0, frames - 1, E)
    assert (len(ledger), ledger.repeats) == (0, 1)
    assert ledger.tally() == Counter({(sender, int(E)): each for sender in range(1, 5)}) + Counter(
        {(2, int(OK)): 1}
    ) - Counter({(2, int(E)): 1})


@pytest.mark.parametrize(
    ("before", "taken", "left"),
    [
        ([(0, 9)], (3, 5), [(0, 2), (6, 9)]),
        ([(0, 9)], (0, 9), []),
        ([(0, 9)], (10, 12), [(0, 9)]),
        ([(0, 1), (4, 5), (8, 9)], (1, 8), [(0, 0), (9, 9)]),
        ([(4, 5)], (0, 4), [(5, 5)]),
        ([], (0, 4), []),
    ],
)
def test_taking_from_the_remainder(
    before: list[tuple[int, int]], taken: tuple[int, int], left: list[tuple[int, int]]
) -> None:
    remainder = Remainder()
    remainder.put(Run(*ends, 1, 0) for ends in before)
    pieces = remainder.take(*taken)
    assert [run[:2] for run in remainder] == left
    assert sum(run.frames for run in pieces) == sum(b - a + 1 for a, b in before) - sum(b - a + 1 for a, b in left)
    remainder.put(pieces)
    assert [run[:2] for run in remainder] == before


def test_neighbours_that_are_alike_are_one_run() -> None:
    remainder = Remainder()
    remainder.put([Run(0, 1, 1, 0), Run(4, 5, 1, 0), Run(6, 6, 2, 0)])
    remainder.put([Run(2, 3, 1, 0)])
    assert list(remainder) == [Run(0, 5, 1, 0), Run(6, 6, 2, 0)]
