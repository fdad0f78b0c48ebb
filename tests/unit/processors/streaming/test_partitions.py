from __future__ import annotations

from processors.inference.shedding import Shedder
from processors.streaming.caution import CLEAN, FLOOR, OPENING, Caution, Position, running, trying
from processors.streaming.partitions import Partitions


def owning(start: int = 100, caution: Caution | None = None) -> Partitions:
    partitions = Partitions(lambda: Shedder(5.0))
    partitions.assign(0, start, caution or Caution())
    partitions.committed(partitions.opening())
    return partitions


def test_only_what_is_done_without_a_gap_is_due() -> None:
    partitions = owning()
    partition = partitions.get(0)
    assert partition
    first, second, third = (partitions.take(partition, offset) for offset in (100, 101, 102))
    partitions.done(second)
    partitions.done(third)
    assert partitions.due() == {}
    partitions.done(first)
    assert partitions.due()[0].offset == 103
    assert partitions.settled(partition)
    partitions.committed({0: Position(103)})
    assert partitions.due() == {}


def test_marks_reach_beyond_what_may_be_begun() -> None:
    partitions = owning()
    partition = partitions.get(0)
    assert partition
    assert partitions.opening() == {0: Position(100, running(100 + OPENING))}
    entries = [partitions.take(partition, offset) for offset in range(100, 120)]
    partitions.done(entries[0])
    due = partitions.due()
    assert due == {0: Position(101, running(120 + 20 + FLOOR))}
    partitions.committed(due)
    partitions.done(entries[1])
    assert partitions.due() == {0: Position(102, running(120 + FLOOR))}, "nothing was taken since the last commit"


def test_closing_is_clean_only_where_everything_has_its_outcome() -> None:
    partitions = owning()
    assert partitions.closing() == {0: Position(100, CLEAN)}
    partition = partitions.get(0)
    assert partition
    entry = partitions.take(partition, 100)
    assert partitions.closing()[0].mark != CLEAN
    partitions.done(entry)
    assert partitions.closing() == {0: Position(101, CLEAN)}


def test_what_a_predecessor_asked_for_is_handed_on() -> None:
    partitions = owning(caution=Caution(100, 105, 2))
    assert partitions.opening() == partitions.closing() == {0: Position(100, trying(2, 105))}
    partition = partitions.get(0)
    assert partition
    entry = partitions.take(partition, 100)
    assert partitions.closing() == {0: Position(100, trying(2, 105))}, "an attempt that did not kill is not counted"
    partitions.done(entry)
    assert partitions.closing() == {0: Position(101, running(105))}
    assert Caution.read(partitions.due()[0], 1000).covers(104)


def test_a_first_commit_that_was_refused_is_due_though_no_frame_follows() -> None:
    partitions = Partitions(lambda: Shedder(5.0))
    partitions.assign(0, 100, Caution())
    assert partitions.due()[0].offset == 100
    partitions.committed(partitions.due())
    assert partitions.due() == {}


def test_what_is_dropped_is_never_due() -> None:
    partitions = owning()
    partition = partitions.get(0)
    assert partition
    entry = partitions.take(partition, 100)
    partitions.drop()
    partitions.assign(0, 100, Caution())
    partitions.committed(partitions.opening())
    partitions.done(entry)
    assert partitions.due() == {}
    assert not partitions.owns(partition)
    assert partitions.open_frames == 0
