from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from processors.inference.shedding import Shedder
from processors.streaming.caution import Caution, Position
from processors.streaming.group_view import Standing
from processors.streaming.holding import Holding
from processors.streaming.partitions import Partitions
from processors.streaming.watch import Watch
from schemas.errors import StalledError
from schemas.messages import Skip, SkipReason
from tests.unit.processors.streaming.fakes import FakeProducer, outcomes, until


@dataclass
class FakeWorker:
    partitions: Partitions = field(default_factory=lambda: Partitions(lambda: Shedder(5.0)))
    turns: int = 0


@dataclass
class FakeStream:
    """A consumer that holds nothing."""

    silent: bool = False

    async def holding(self, partitions: list[int]) -> dict[int, Holding]:
        await asyncio.sleep(3600 if self.silent else 0)
        return dict.fromkeys(partitions, Holding(fetched=False, handed=None))


class Scene:
    """A worker of partition 0 from offset 10 on, a broker that answers `standing`, a log with `records`."""

    def __init__(
        self,
        standing: Standing | None,
        *,
        patience: int = 6,
        records: frozenset[int] = frozenset(range(100)),
        silent: bool = False,
    ) -> None:
        self.worker = FakeWorker()
        self.worker.partitions.assign(0, 10, Caution())
        self.worker.partitions.committed({0: Position(10)})
        self.producer = FakeProducer()
        self.outcomes = outcomes(self.producer)
        self.standing = standing
        self.looks = 0
        self._records = records
        self.watch = Watch(self.worker, FakeStream(silent), self.outcomes, self, patience=patience)

    async def look(self, partitions: list[int]) -> Mapping[int, Standing] | None:
        self.looks += 1
        return None if self.standing is None else dict.fromkeys(partitions, self.standing)

    async def holds_nothing(self, partition: int, first: int, end: int) -> bool:
        return partition == 0 and self._records.isdisjoint(range(first, end))

    async def until_due(self) -> int:
        """The offset that is to be committed, once the watch has seen to it."""
        watching = asyncio.create_task(self.watch.run(0.0))
        await until(lambda: 0 in self.worker.partitions.due())
        watching.cancel()
        return self.worker.partitions.due()[0].offset

    async def looked(self, times: int) -> None:
        """Let the watch look so often, without a complaint."""
        watching = asyncio.create_task(self.watch.run(0.0))
        await until(lambda: self.looks >= times or watching.done())
        assert not watching.done()
        watching.cancel()


async def test_frames_that_expired_with_nothing_behind_them_are_recorded_and_due() -> None:
    scene = Scene(Standing(10, 30, 30))
    assert await scene.until_due() == 30
    assert len(scene.producer.records) == 1


async def test_frames_that_wait_while_nothing_is_committed_end_the_worker() -> None:
    scene = Scene(Standing(10, 0, 30))
    with pytest.raises(StalledError, match="partition 0 committed 10 end 30"):
        await scene.watch.run(0.0)
    assert scene.looks == 7, "one that shows where it stands, and six of patience"


async def test_a_group_without_a_commit_begins_where_the_log_does() -> None:
    with pytest.raises(StalledError, match="partition 0 committed 4 end 30"):
        await Scene(Standing(None, 4, 30)).watch.run(0.0)


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(lambda: Scene(Standing(10, 0, 10), patience=2), id="nothing waits"),
        pytest.param(lambda: Scene(None, patience=2), id="the broker is away"),
    ],
)
async def test_a_worker_is_left_alone_where(scene: object) -> None:
    await scene().looked(50)  # type: ignore[operator]


async def test_a_worker_without_partitions_is_left_alone() -> None:
    scene = Scene(Standing(10, 0, 30), patience=2)
    scene.worker.partitions.drop()
    watching = asyncio.create_task(scene.watch.run(0.0))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not watching.done()
    watching.cancel()


async def test_a_rebalance_and_a_delivery_that_fails_begin_the_wait_anew() -> None:
    scene = Scene(Standing(10, 0, 30), patience=20)
    watching = asyncio.create_task(scene.watch.run(0.0))
    for step in range(6):
        looks = scene.looks
        await until(lambda looks=looks: scene.looks >= looks + 15)
        if step % 2:
            scene.worker.partitions.assign(0, 10, Caution())
        else:
            scene.outcomes.refused += 1
            await until(lambda looks=looks: scene.looks >= looks + 17)
            scene.outcomes.refused -= 1
    assert not watching.done()
    with pytest.raises(StalledError):
        await watching


async def test_an_end_without_records_is_passed() -> None:
    """As the marker at the end of a transaction, which is at an offset and is no frame."""
    scene = Scene(Standing(10, 0, 12), records=frozenset(range(10)))
    assert await scene.until_due() == 12
    skip = Skip.from_json(scene.producer.records[0].value or b"")
    assert skip.reason is SkipReason.EXPIRED
    assert [list(ranges.offsets()) for ranges in skip.skipped[0].frames] == [[10, 11]]


async def test_an_end_with_one_record_is_not_passed() -> None:
    scene = Scene(Standing(10, 0, 12), records=frozenset({11}), patience=1000)
    await scene.looked(50)
    assert not scene.producer.records


async def test_a_frame_in_work_is_not_passed() -> None:
    scene = Scene(Standing(10, 0, 12), records=frozenset(), patience=1000)
    partition = scene.worker.partitions.get(0)
    assert partition
    scene.worker.partitions.take(partition, 10)
    await scene.looked(50)
    assert not scene.producer.records


async def test_what_another_member_has_committed_did_not_expire() -> None:
    """Who was stopped for so long that retention has passed its place by wakes up and looks, before it hears."""
    scene = Scene(Standing(20, 25, 30), patience=1000)
    await scene.looked(50)
    assert not scene.producer.records


async def test_a_consumer_that_does_not_answer_is_no_excuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.streaming.watch.ANSWER_S", 0.001)
    with pytest.raises(StalledError):
        await Scene(Standing(10, 0, 30), silent=True, patience=2).watch.run(0.0)
