"""The ordered window keeps the ack rule whatever the order in which frames finish."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.inference.window import Entry, OrderedWindow


def offsets(entries: list[Entry[str]]) -> list[int]:
    return [entry.offset for entry in entries]


@pytest.mark.parametrize(
    ("finish", "acknowledged"),
    [
        ([0, 1, 2, 3], [[0], [1], [2], [3]]),
        ([3, 2, 1, 0], [[], [], [], [0, 1, 2, 3]]),
        ([1, 0, 3, 2], [[], [0, 1], [], [2, 3]]),
        ([2, 0, 1, 3], [[], [0], [1, 2], [3]]),
    ],
)
def test_acknowledges_from_the_head(finish: list[int], acknowledged: list[list[int]]) -> None:
    window = OrderedWindow[str]()
    entries = [window.open("p", 10 + index, f"frame {index}") for index in range(4)]
    for index, expected in zip(finish, acknowledged, strict=True):
        assert offsets(window.done(entries[index])) == [10 + number for number in expected]
    assert len(window) == 0


def test_partitions_do_not_wait_for_each_other() -> None:
    window = OrderedWindow[str]()
    stuck = window.open(("t", 0), 5, "stuck")
    assert [entry.item for entry in window.done(window.open(("t", 1), 5, "free"))] == ["free"]
    assert len(window) == 1
    assert window.done(stuck) == [stuck]


def test_a_forgotten_partition_acknowledges_nothing_and_may_be_read_again() -> None:
    window = OrderedWindow[str]()
    old = [window.open("p", offset, "old") for offset in (7, 8)]
    kept = window.open("q", 1, "kept")
    window.forget(["p", "never seen"])
    assert len(window) == 1
    again = window.open("p", 7, "again")
    assert window.done(old[0]) == []
    assert window.done(old[1]) == []
    assert window.done(again) == [again]
    assert window.done(kept) == [kept]


def test_done_twice_acknowledges_once() -> None:
    window = OrderedWindow[str]()
    entry = window.open("p", 0, "")
    assert window.done(entry) == [entry]
    assert window.done(entry) == []
    assert len(window) == 0


def test_offsets_must_ascend() -> None:
    window = OrderedWindow[str]()
    window.open("p", 4, "")
    with pytest.raises(ValueError, match=r"partition 'p', offset 4: expected 5 or more"):
        window.open("p", 4, "")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[int]]:
    """Frames of up to three partitions, with gaps in their offsets, and an order in which they finish."""
    steps = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=40))
    last: dict[int, int] = {}
    frames = []
    for partition, step in steps:
        last[partition] = last.get(partition, -1) + step
        frames.append((partition, last[partition]))
    return frames, draw(st.permutations(range(len(frames))))


@settings(deadline=None)  # a busy machine is no failure
@given(histories())
def test_invariants(history: tuple[list[tuple[int, int]], list[int]]) -> None:
    """Each frame is acknowledged once, in order in its partition, never before one ahead of it, and none is kept."""
    frames, finish = history
    window = OrderedWindow[int]()
    entries = [window.open(partition, offset, index) for index, (partition, offset) in enumerate(frames)]
    finished: set[int] = set()
    acknowledged: list[int] = []
    for index in finish:
        finished.add(index)
        ready = [entry.item for entry in window.done(entries[index])]
        acknowledged += ready
        for number in ready:
            ahead = [i for i, frame in enumerate(frames[:number]) if frame[0] == frames[number][0]]
            assert finished.issuperset(ahead)
        assert len(window) == len(frames) - len(acknowledged)
    assert sorted(acknowledged) == list(range(len(frames)))
    for partition in range(3):
        mine = [frames[number][1] for number in acknowledged if frames[number][0] == partition]
        assert all(before < after for before, after in pairwise(mine))
