from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from processors.streaming.skips import FRAMES, Skipped, SkipWriter, stale
from schemas.messages import Skip, SkipReason


def test_a_run_is_recorded_by_camera_and_partition() -> None:
    run = [
        Skipped("gate", 1, 5, None),
        Skipped("yard", 0, 9, None),
        Skipped("gate", 1, 6, None),
        Skipped("gate", 0, 2, None),
    ]
    skip = stale("object-detection", run, datetime(2026, 1, 2, tzinfo=UTC))
    assert skip.reason is SkipReason.STALE
    assert skip.count == 4
    found = {entry.camera: [(r.partition, r.ranges) for r in entry.frames] for entry in skip.skipped}
    assert found == {"gate": [(0, ((2, 2),)), (1, ((5, 6),))], "yard": [(0, ((9, 9),))]}


class Written:
    """Takes records down; fails or waits if told."""

    def __init__(self) -> None:
        self.skips: list[Skip] = []
        self.done: list[int] = []
        self.woken = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    def writer(self) -> SkipWriter[int]:
        return SkipWriter("object-detection", write=self._write, done=self.done.append, wake=self._wake)

    async def _write(self, skip: Skip) -> None:
        await self.gate.wait()
        if self.error:
            raise self.error
        self.skips.append(skip)

    def _wake(self) -> None:
        self.woken.set()


async def test_frames_are_done_when_their_record_is_acknowledged_and_not_before() -> None:
    written = Written()
    written.gate.clear()
    writer = written.writer()
    assert not writer.add(Skipped("gate", 0, 1, 1))
    writing = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)
    writer.add(Skipped("gate", 0, 2, 2))
    assert written.done == []
    written.gate.set()
    await writing
    assert written.done == [1]
    await writer.flush()
    assert written.done == [1, 2]
    assert [skip.count for skip in written.skips] == [1, 1]


async def test_a_full_run_says_so_and_a_short_one_wakes_its_writer_in_time() -> None:
    written = Written()
    writer = written.writer()
    assert [writer.add(Skipped("gate", 0, n, n)) for n in range(FRAMES)] == [False] * (FRAMES - 1) + [True]
    await writer.flush()
    assert written.skips[0].count == FRAMES
    assert not written.woken.is_set(), "the timer of a written run is off"
    writer.add(Skipped("gate", 0, FRAMES, FRAMES))
    await asyncio.wait_for(written.woken.wait(), 2.0)
    writer.drop()
    assert len(writer) == 0


async def test_what_cannot_be_recorded_is_not_done() -> None:
    written = Written()
    written.error = RuntimeError("away")
    writer = written.writer()
    writer.add(Skipped("gate", 0, 1, 1))
    with pytest.raises(RuntimeError):
        await writer.flush()
    assert written.done == []
