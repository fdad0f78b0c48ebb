from __future__ import annotations

from dataclasses import dataclass

import pytest

from processors.inference.shedding import Shedder
from processors.streaming.caution import OPENING, Caution, Position, running
from processors.streaming.partitions import Partition, Partitions
from processors.streaming.takeover import close_gap, take_up
from schemas.messages import Skip, SkipReason
from tests.unit.processors.streaming.fakes import FakeLog, FakeProducer, outcomes


def expired(producer: FakeProducer) -> list[tuple[int, int, int]]:
    """Partition, first and last offset of every record of expired frames."""
    skips = [Skip.from_json(record.value) for record in producer.records]
    assert all(skip.reason is SkipReason.EXPIRED for skip in skips)
    return [(r.partition, *r.ranges[0]) for skip in skips for entry in skip.skipped for r in entry.frames]


@dataclass
class TakeUp:
    name: str
    committed: Position | None
    bounds: tuple[int, int]
    starts: int
    gone: tuple[int, int] | None = None


CASES = [
    TakeUp("a new group on a new topic", None, (0, 0), 0),
    TakeUp("a new group where frames expired already", None, (40, 90), 40, (0, 39)),
    TakeUp("where the group left off", Position(50, ""), (40, 90), 50),
    TakeUp("frames expired while nobody read", Position(30, ""), (40, 90), 40, (30, 39)),
    TakeUp("everything expired", Position(30, ""), (90, 90), 90, (30, 89)),
    TakeUp("the topic was made anew", Position(500, ""), (0, 20), 0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_taking_up_a_partition(case: TakeUp) -> None:
    log = FakeLog({0: case.bounds}, {0: case.committed} if case.committed else {})
    producer, partitions = FakeProducer(), Partitions(lambda: Shedder(5.0))
    await take_up({0}, log, partitions, outcomes(producer))
    partition = partitions.get(0)
    assert partition
    assert (partition.expected, partition.head) == (case.starts, case.starts)
    assert expired(producer) == ([(0, *case.gone)] if case.gone else [])
    assert log.history == [{0: Position(case.starts, running(case.starts + OPENING))}], "a group commits once"


async def test_a_group_whose_commits_expired_records_what_is_gone_in_one_record() -> None:
    """However much that is: a range of each partition. The broker forgets the commits of a group without workers."""
    log = FakeLog({number: (10**9 + number, 10**9 + 500) for number in range(12)})
    producer, partitions = FakeProducer(), Partitions(lambda: Shedder(5.0))
    await take_up(set(range(12)), log, partitions, outcomes(producer))
    assert len(producer.records) == 1
    assert expired(producer) == [(number, 0, 10**9 + number - 1) for number in range(12)]
    assert [partition.expected for partition in partitions] == [10**9 + number for number in range(12)]


async def test_a_refused_first_commit_is_no_obstacle() -> None:
    log = FakeLog({0: (0, 5)}, refuses=True)
    partitions = Partitions(lambda: Shedder(5.0))
    await take_up({0}, log, partitions, outcomes(FakeProducer()))
    assert len(partitions) == 1


def owning(start: int) -> tuple[Partitions, Partition]:
    partitions = Partitions(lambda: Shedder(5.0))
    return partitions, partitions.assign(0, start, Caution())


async def test_a_gap_that_expired_is_recorded_before_it_can_be_committed() -> None:
    partitions, partition = owning(10)
    producer = FakeProducer()
    assert await close_gap(partition, 20, FakeLog({0: (20, 50)}), partitions, outcomes(producer))
    assert expired(producer) == [(0, 10, 19)]
    assert partitions.due()[0].offset == 20


async def test_a_jump_over_frames_that_exist_sends_the_stream_back() -> None:
    partitions, partition = owning(10)
    producer, log = FakeProducer(), FakeLog({0: (14, 50)})
    assert not await close_gap(partition, 20, log, partitions, outcomes(producer))
    assert expired(producer) == [(0, 10, 13)], "only what is really gone"
    assert log.rewinds == [(0, 14)]
    assert not await close_gap(partition, 21, log, partitions, outcomes(producer)), "on its way before"
    assert log.rewinds == [(0, 14)]
    assert partition.expected == 14


async def test_a_stream_that_jumps_less_far_the_second_time_is_sent_back_again() -> None:
    partitions, partition = owning(10)
    producer, log = FakeProducer(), FakeLog({0: (0, 50)})
    assert not await close_gap(partition, 20, log, partitions, outcomes(producer))
    assert not await close_gap(partition, 12, log, partitions, outcomes(producer))
    assert await close_gap(partition, 12, log, partitions, outcomes(producer))
    assert log.rewinds == [(0, 10), (0, 10)]
    assert expired(producer) == [(0, 10, 11)]


async def test_offsets_without_a_frame_are_skipped_the_second_time() -> None:
    partitions, partition = owning(10)
    producer, log = FakeProducer(), FakeLog({0: (0, 50)})
    assert not await close_gap(partition, 12, log, partitions, outcomes(producer))
    assert await close_gap(partition, 12, log, partitions, outcomes(producer))
    assert expired(producer) == [(0, 10, 11)]


async def test_a_gap_of_a_partition_that_went_away_is_somebody_elses() -> None:
    partitions, partition = owning(10)
    partitions.drop()
    producer, log = FakeProducer(), FakeLog({0: (20, 50)})
    assert not await close_gap(partition, 20, log, partitions, outcomes(producer))
    assert not producer.records
    assert not log.rewinds
