from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from prometheus_client import CollectorRegistry

from processors.inference.in_flight import START
from processors.metrics import WorkerMetrics
from processors.streaming import outcomes as outcomes_module
from processors.streaming.caution import CLEAN, Position, running, trying
from processors.streaming.inferring import ATTEMPTS, Inferring
from processors.streaming.timing import Timing
from processors.streaming.worker import WINDOW, Worker
from schemas.catalogue import Catalogue
from schemas.errors import ModelError, NewerRecordError, NotJpegError
from schemas.messages import Lane, Skip, decode_dead_letter
from schemas.names import Header, Metric
from tests.unit.processors.streaming.fakes import (
    MODEL,
    FakeCore,
    FakeInference,
    FakeLog,
    FakeProducer,
    FakeRecord,
    info,
    metrics,
    outcomes,
    until,
)


@dataclass
class Event:
    message: FakeRecord


class Bench:
    """A worker in its whole fake surroundings; `feed` plays the stream."""

    def __init__(self, *, log: FakeLog | None = None, producer: FakeProducer | None = None) -> None:
        self.log = log or FakeLog({0: (0, 1000)})
        self.producer = producer or FakeProducer()
        self.core = FakeCore()
        self.inferring = Inferring(self.core, metrics())
        self.registry = CollectorRegistry()
        timing = Timing(revoke=0.05, stop=0.05)
        model = Catalogue().get(MODEL)
        self.worker = Worker(
            model,
            inferring=self.inferring,
            frames=self.log,
            outcomes=outcomes(self.producer),
            metrics=WorkerMetrics(MODEL, self.registry),
            timing=timing,
        )
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._running = asyncio.create_task(self.worker.run(self._stream()))

    async def _stream(self) -> AsyncIterator[Event]:
        while True:
            yield await self._events.get()

    async def assigned(self) -> Bench:
        await self.worker.assigned({0})
        self.worker.committed(self.log.history[-1])
        return self

    def feed(self, *records: FakeRecord) -> None:
        for record in records:
            self._events.put_nowait(Event(record))

    async def submitted(self, count: int) -> None:
        await until(lambda: len(self.core.submitted) >= count)

    def answer(self, index: int) -> None:
        self.core.submitted[index][1].set_result(FakeInference())

    @property
    def full_s(self) -> float:
        """Seconds in which a frame waited for a place in the window."""
        return self.registry.get_sample_value(f"{Metric.WINDOW_FULL}_total", {"model": MODEL}) or 0.0

    @property
    def due(self) -> int | None:
        position = self.worker.due().get(0)
        return position.offset if position else None

    def close(self) -> None:
        self._running.cancel()


def frames(*offsets: int) -> list[FakeRecord]:
    return [FakeRecord(offset) for offset in offsets]


async def test_nothing_is_due_before_the_outcomes_of_all_before_it() -> None:
    bench = await Bench().assigned()
    bench.feed(*frames(0, 1, 2))
    await bench.submitted(3)
    bench.answer(2)
    bench.answer(1)
    await until(lambda: len(bench.producer.records) == 2)
    assert bench.due is None
    bench.answer(0)
    await until(lambda: bench.due == 3)
    assert bench.producer.topics() == ["results.object-detection"] * 3
    bench.close()


async def test_an_outcome_counts_when_the_broker_has_it() -> None:
    bench = await Bench(producer=FakeProducer(manual=True)).assigned()
    bench.feed(*frames(0))
    await bench.submitted(1)
    bench.answer(0)
    await until(lambda: bench.producer.waiting)
    await asyncio.sleep(0)
    assert bench.due is None
    bench.producer.waiting[0].set_result(None)
    await until(lambda: bench.due == 1)
    bench.close()


async def test_the_window_bounds_what_is_in_flight() -> None:
    bench = await Bench().assigned()
    bench.feed(*frames(*range(4 * WINDOW)))
    await bench.submitted(START)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(bench.core.submitted) == START
    assert bench.full_s == 0, "counted when the wait is over"
    for index in range(WINDOW):  # each at once: as fast as can be
        bench.answer(index)
        await until(lambda done=index + 1: bench.due == done)
    assert bench.full_s > 0
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(bench.core.submitted) - WINDOW == WINDOW
    bench.close()


async def test_a_slow_model_takes_no_more_than_it_infers_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    bench = await Bench().assigned()
    bench.feed(*frames(*range(200)))
    await bench.submitted(START)
    for index in range(100):  # 5 frames a second
        now += 0.2
        bench.answer(index)
        await until(lambda done=index + 1: bench.due == done)
    assert bench.core.submitted[100:], "there are frames in flight"
    assert len(bench.core.submitted) - 100 <= 6
    bench.close()


async def test_a_window_with_room_is_never_full() -> None:
    bench = await Bench().assigned()
    bench.feed(*frames(*range(START)))
    await bench.submitted(START)
    for index in range(START):
        bench.answer(index)
    await until(lambda: bench.due == START)
    assert bench.full_s == 0
    bench.close()


async def test_only_the_frames_own_fault_makes_a_dead_letter() -> None:
    bench = await Bench().assigned()
    wrong_model = FakeRecord(1, headers=info(model="face-detection").encode())
    wrong_size = FakeRecord(2, headers=info(width=65).encode())
    bench.feed(FakeRecord(0, value=b"text"), wrong_model, wrong_size, FakeRecord(3))
    await bench.submitted(3)
    bench.core.submitted[0][1].set_exception(NotJpegError("the value looks like text"))
    bench.answer(1)
    bench.answer(2)
    await until(lambda: bench.due == 4)
    letters = [decode_dead_letter(r.headers) for r in bench.producer.records if r.topic.endswith("dead-letters")]
    assert {letter.address.offset: letter.error for letter in letters} == {
        0: "NotJpegError",
        1: "HeaderError",
        2: "HeaderError",
    }
    bench.close()


async def test_a_core_in_trouble_is_tried_again_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes_module, "BACKOFF_S", (0.0,))
    bench = await Bench().assigned()
    bench.feed(*frames(0))
    for attempt in range(ATTEMPTS):
        await bench.submitted(attempt + 1)
        assert not bench.worker.failed.done()
        bench.core.submitted[attempt][1].set_exception(ModelError("no memory"))
    error = await bench.worker.failed
    assert f"after {ATTEMPTS} attempts" in str(error)
    assert bench.due is None
    assert bench.producer.records == []
    assert await bench.worker.stop(0.01) is False
    assert bench.log.commits[0].offset == 0
    bench.close()


async def test_stale_live_frames_are_skipped_without_a_slot() -> None:
    bench = await Bench().assigned()
    old, now = time.time() - 100, time.time()
    live = info(lane=Lane.LIVE).encode()
    stale = [FakeRecord(offset, headers=live, timestamp=old) for offset in range(WINDOW + 20)]
    bench.feed(*stale, FakeRecord(WINDOW + 20, headers=live, timestamp=now), FakeRecord(WINDOW + 21, timestamp=old))
    await bench.submitted(2)
    bench.answer(0)
    bench.answer(1)
    await until(lambda: len(bench.producer.records) == 2)
    assert bench.due is None, "the skips are not recorded yet"
    assert await bench.worker.stop(1.0)
    assert bench.log.commits[0] == Position(WINDOW + 22, CLEAN)
    skips = [Skip.from_json(r.value) for r in bench.producer.records if r.topic.endswith("skips")]
    assert sum(skip.count for skip in skips) == WINDOW + 20
    bench.close()


@pytest.mark.parametrize("behind", [3600.0, -3600.0])
async def test_a_clock_that_is_wrong_sheds_nothing_fresh_and_nothing_less(behind: float) -> None:
    """Once the broker has acknowledged anything, its clock is known."""
    bench = await Bench(producer=FakeProducer(behind=behind)).assigned()
    live = info(lane=Lane.LIVE).encode()
    bench.feed(FakeRecord(0))
    await bench.submitted(1)
    bench.answer(0)
    await until(lambda: bench.producer.records)
    appended = time.time() - behind
    bench.feed(FakeRecord(1, headers=live, timestamp=appended), FakeRecord(2, headers=live, timestamp=appended - 100))
    await bench.submitted(2)
    bench.answer(1)
    assert await bench.worker.stop(1.0)
    assert sorted(bench.producer.topics()) == [f"results.{MODEL}", f"results.{MODEL}", "skips"]
    bench.close()


async def test_an_age_below_nothing_is_counted_and_sheds_nothing() -> None:
    """The broker's clock is ahead, and nothing was acknowledged yet that would prove it."""
    bench = await Bench().assigned()
    live = info(lane=Lane.LIVE).encode()
    bench.feed(*(FakeRecord(offset, headers=live, timestamp=time.time() + 300) for offset in range(3)))
    await bench.submitted(3)

    def value(name: str) -> float | None:
        return bench.registry.get_sample_value(name, {"model": MODEL})

    assert value(f"{Metric.NEGATIVE_AGES}_total") == 3
    assert value(f"{Metric.FRAME_AGE}_count") == 0
    bench.close()


async def test_what_is_read_again_or_not_ours_is_left_alone() -> None:
    bench = await Bench().assigned()
    bench.feed(FakeRecord(0), FakeRecord(0), replace(FakeRecord(0), partition=5), FakeRecord(1))
    await bench.submitted(2)
    bench.answer(0)
    bench.answer(1)
    await until(lambda: bench.due == 2)
    assert len(bench.core.submitted) == 2
    bench.close()


async def test_a_rebalance_finishes_what_was_taken_and_takes_no_more() -> None:
    bench = await Bench().assigned()
    bench.feed(*frames(0, 1))
    await bench.submitted(2)
    going = asyncio.create_task(bench.worker.revoked())
    await asyncio.sleep(0)
    bench.feed(*frames(2))
    bench.answer(0)
    bench.answer(1)
    await going
    assert bench.log.commits[0] == Position(2, CLEAN)
    assert len(bench.core.submitted) == 2
    await bench.assigned()
    bench.feed(*frames(2))
    await bench.submitted(3)
    bench.close()


async def test_cancellation_acknowledges_nothing() -> None:
    bench = await Bench().assigned()
    bench.feed(*frames(0, 1, 2))
    await bench.submitted(3)
    bench.answer(0)
    await until(lambda: bench.due == 1)
    assert await bench.worker.stop(0.01) is False
    assert bench.log.commits[0].offset == 1
    assert bench.log.commits[0].mark.startswith("framebus running")
    bench.close()


async def test_after_an_unclean_exit_frames_are_tried_alone_and_counted() -> None:
    log = FakeLog({0: (0, 100)}, {0: Position(10, trying(2, 12))})
    bench = await Bench(log=log).assigned()
    bench.feed(*frames(10, 11, 12, 13))
    await bench.submitted(1)
    assert log.commits[0] == Position(10, trying(3, 12)), "counted before it begins"
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(bench.core.submitted) == 1, "alone"
    bench.answer(0)
    await bench.submitted(2)
    assert log.commits[0] == Position(11, trying(1, 12))
    bench.answer(1)
    await bench.submitted(4)
    assert log.commits[0].offset == 12, "what survived is committed before anything goes at full speed"
    bench.close()


async def test_the_fourth_attempt_is_not_made() -> None:
    log = FakeLog({0: (0, 100)}, {0: Position(10, trying(3, 12))})
    bench = await Bench(log=log).assigned()
    bench.feed(*frames(10))
    await until(lambda: bench.due == 11 or log.commits[0].offset == 11)
    assert bench.core.submitted == []
    letter = decode_dead_letter(bench.producer.records[0].headers)
    assert (letter.error, letter.attempts) == ("LethalFrameError", 3)
    bench.close()


async def test_an_attempt_that_did_not_kill_is_taken_back() -> None:
    log = FakeLog({0: (0, 100)}, {0: Position(10, running(12))})
    bench = await Bench(log=log).assigned()
    bench.feed(*frames(10))
    await bench.submitted(1)
    assert log.commits[0] == Position(10, trying(1, 12))
    assert await bench.worker.stop(0.01) is False
    assert log.commits[0] == Position(10, running(12))
    bench.close()


LATER = [(name, value.replace(b".v1", b".v2") if name == Header.TYPE else value) for name, value in info().encode()]


async def test_a_frame_for_a_newer_worker_is_left_to_one_and_what_came_before_it_is_finished() -> None:
    bench = await Bench().assigned()
    bench.feed(FakeRecord(0), FakeRecord(1), FakeRecord(2, headers=LATER), FakeRecord(3))
    await bench.submitted(2)
    error = await bench.worker.failed
    assert isinstance(error, NewerRecordError)
    assert "'framebus.frame.v2': expected 'framebus.frame.v1'" in str(error)
    bench.answer(0)
    bench.answer(1)
    assert await bench.worker.stop(1.0)
    assert bench.log.commits[0] == Position(2, CLEAN)
    assert bench.producer.topics() == ["results.object-detection"] * 2
    bench.close()


async def test_a_frame_for_a_newer_worker_uses_up_no_attempt() -> None:
    log = FakeLog({0: (0, 100)}, {0: Position(10, trying(2, 12))})
    bench = await Bench(log=log).assigned()
    bench.feed(FakeRecord(10, headers=LATER))
    assert isinstance(await bench.worker.failed, NewerRecordError)
    assert await bench.worker.stop(1.0)
    assert log.commits[0] == Position(10, trying(2, 12))
    assert bench.producer.records == []
    bench.close()


async def test_a_core_that_hangs_is_noticed_and_its_frame_keeps_the_attempt() -> None:
    log = FakeLog({0: (0, 100)}, {0: Position(10, running(12))})
    bench = await Bench(log=log).assigned()
    bench.feed(*frames(10))
    await bench.submitted(1)
    with pytest.raises(ModelError, match="the core hangs"):
        await bench.inferring.mind(0.01)
    assert bench.inferring.hung
    assert await bench.worker.stop(0.0) is False
    assert log.commits[0] == Position(10, trying(1, 12))
    bench.close()
