from __future__ import annotations

import asyncio

import pytest

from processors.inference.shedding import Shedder
from processors.streaming.caution import Caution
from processors.streaming.partitions import Partitions
from processors.streaming.watch import watch
from schemas.errors import EnvironmentMissingError
from tests.unit.processors.streaming.fakes import FakeLog, FakeProducer, outcomes, until


async def test_frames_that_expired_with_nothing_behind_them_are_recorded_and_due() -> None:
    partitions = Partitions(lambda: Shedder(5.0))
    partitions.assign(0, 10, Caution())
    producer = FakeProducer()
    watching = asyncio.create_task(watch(partitions, FakeLog({0: (30, 30)}), outcomes(producer), interval_s=0.0))
    await until(lambda: 0 in partitions.due())
    assert partitions.due()[0].offset == 30
    assert len(producer.records) == 1
    watching.cancel()


async def test_frames_that_wait_while_nothing_is_consumed_end_the_worker() -> None:
    partitions = Partitions(lambda: Shedder(5.0))
    partitions.assign(0, 10, Caution())
    with pytest.raises(EnvironmentMissingError, match="20 frames wait and none was consumed"):
        await watch(partitions, FakeLog({0: (0, 30)}), outcomes(FakeProducer()), interval_s=0.0)


async def test_an_idle_worker_is_left_alone() -> None:
    partitions = Partitions(lambda: Shedder(5.0))
    partitions.assign(0, 30, Caution())
    watching = asyncio.create_task(watch(partitions, FakeLog({0: (0, 30)}), outcomes(FakeProducer()), interval_s=0.0))
    for _ in range(200):
        await asyncio.sleep(0)
    assert not watching.done()
    watching.cancel()
