"""The worker: takes frames from the stream, and sees to it that each ends in a recorded outcome before it is committed.

The acknowledgement rule: a frame may be committed when the broker has acknowledged its outcome and the outcomes of
all frames before it in its partition. Cancellation acknowledges nothing. Only the frame's own fault (`FrameError`)
makes a dead letter; trouble of the infrastructure is waited out, and if that does not help the worker gives up without
committing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from processors.inference.in_flight import InFlight
from processors.inference.shedding import FRESH_SHARE, Shedder
from processors.inference.window import Entry
from processors.metrics import WorkerMetrics
from processors.streaming.caution import ATTEMPTS, Position, trying
from processors.streaming.crops import CropWriter
from processors.streaming.frame import Frame, FrameRecord, read_frame
from processors.streaming.inferring import Inferring
from processors.streaming.outcomes import Outcomes, dead_letter
from processors.streaming.partitions import Partition, Partitions
from processors.streaming.skips import Skipped, SkipWriter
from processors.streaming.takeover import FramesLog, close_gap, take_up
from processors.streaming.timing import Timing
from schemas.catalogue import Model
from schemas.errors import FrameError, LethalFrameError
from schemas.messages import FrameAddress

if TYPE_CHECKING:
    from processors.traces import WorkerTraces  # OpenTelemetry, which only those load who want traces

log = logging.getLogger(__name__)

WINDOW: Final = 64
"""Frames in flight, at most: enough for results to be handled and sent some at a time while the core has work."""
KEPT: Final = 24
"""Of these, frames whose decoded pictures are kept, for crops."""
HORIZON_S: Final = 1.0
"""Where the model is slow there are no more than it infers in so long, or in the time in which results are fresh."""
_BESIDE: Final = 2
"""Frames in decoding, beside those that the device infers at once."""


class Worker:
    """Processes the frames of one model; what a Faust app calls its owner.

    `failed` is done, with the error, when the worker has given up; what is then without an outcome stays uncommitted.
    """

    def __init__(
        self,
        model: Model,
        *,
        inferring: Inferring,
        frames: FramesLog,
        outcomes: Outcomes,
        metrics: WorkerMetrics,
        timing: Timing,
        crops: CropWriter | None = None,
        traces: WorkerTraces | None = None,
    ) -> None:
        self.partitions = Partitions(lambda: Shedder(model.max_age))
        self.failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.turns = 0
        """Frames that have come out of the stream."""
        self._model = model
        self._inferring = inferring
        self._frames = frames
        self._outcomes = outcomes
        self._metrics = metrics
        self._timing = timing
        self._crops = crops
        self._traces = traces
        self._flight = InFlight(inferring.at_once + _BESIDE, WINDOW, min(HORIZON_S, model.max_age / FRESH_SHARE))
        self._kept = asyncio.Semaphore(KEPT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._skips = SkipWriter[Entry[Partition]](
            model.name, write=outcomes.skipped, done=self._finish, wake=self._write_skips
        )
        self._halted = False
        self._stopping = False

    @property
    def patience(self) -> float:
        """Seconds for which a result may wait for others: none but while the window is full, and pictures are not."""
        return 0.0 if self._kept.locked() else self._flight.patience

    # What Faust's consumer calls

    async def run(self, events: AsyncIterator[Any]) -> None:
        """Process the stream's events."""
        async for event in events:
            record: FrameRecord = event.message
            if self._flight.full:
                await self._wait_for_slot()
            else:
                await self._flight.take()
            begun = False
            try:
                begun = await self._begin(record)
            except Exception as error:  # the loop's edge: a frame must never be skipped by Faust's own handling
                self._fail(error, record)
            finally:
                self._turn_over(record)
                if not begun:
                    self._flight.give_back()

    async def assigned(self, partitions: set[int]) -> None:
        """Take up partitions: record what expired, commit once for each."""
        await take_up(partitions, self._frames, self.partitions, self._outcomes)
        log.info("partitions assigned model=%s partitions=%s", self._model.name, sorted(partitions))
        self._halted = self._stopping or self.failed.done()

    async def revoked(self) -> None:
        """Hand every partition over: finish what was taken, commit, forget."""
        if len(self.partitions):
            await self._hand_over(self._timing.revoke)
        log.info("partitions revoked model=%s", self._model.name)

    def due(self) -> Mapping[int, Position]:
        """What may be committed now."""
        return self.partitions.due()

    def committed(self, positions: Mapping[int, Position]) -> None:
        """The broker has acknowledged these commits."""
        self.partitions.committed(positions)

    # What the service calls

    async def stop(self, deadline_s: float) -> bool:
        """Take nothing more, finish what was taken within the deadline, commit; True: nothing was left."""
        self._stopping = True
        self._frames.halt()
        return await self._hand_over(deadline_s)

    # From the stream to a task

    async def _wait_for_slot(self) -> None:
        begun = time.perf_counter()
        await self._flight.take()
        self._metrics.window_full(time.perf_counter() - begun)

    def _turn_over(self, record: FrameRecord) -> None:
        self.turns += 1
        if partition := self.partitions.get(record.partition):
            partition.seen = record.offset + 1

    async def _begin(self, record: FrameRecord) -> bool:
        """Take one record; True: a task has taken the slot."""
        partition = self.partitions.get(record.partition)
        if self._halted or partition is None or record.offset < partition.expected:
            return False  # not ours (any more), or read again: it comes back where it is not committed
        if record.offset > partition.expected and not await close_gap(
            partition, record.offset, self._frames, self.partitions, self._outcomes
        ):
            return False
        if partition.caution.covers(record.offset):
            return await self._begin_alone(partition, record)
        return await self._begin_at_once(partition, record)

    async def _begin_at_once(self, partition: Partition, record: FrameRecord, attempt: int = 1) -> bool:
        partition.hole = None
        try:
            frame = read_frame(record, self._model.name, now=self._outcomes.clock.now())
        except FrameError as error:
            entry = self.partitions.take(partition, record.offset)
            return self._spawn(self._bury(record, error, entry, attempt), record)
        # What only a newer release can read was not taken: the worker gives up, and its commit stops before the frame.
        entry = self.partitions.take(partition, record.offset)
        if partition.shedder.sheds(frame.age, frame.info.lane):
            if self._skips.add(Skipped(frame.info.camera, partition.number, record.offset, entry)):
                await self._skips.flush()
            return False
        self._metrics.age(frame.age)
        self._metrics.window(self.partitions.open_frames)
        return self._spawn(self._process(frame, record, entry, attempt), record)

    async def _begin_alone(self, partition: Partition, record: FrameRecord) -> bool:
        """Try one frame that may have ended a worker: alone, and counted in the commit before it begins."""
        await self._settle()
        attempt = partition.caution.tried_before(record.offset) + 1
        mark = trying(min(attempt, ATTEMPTS), partition.caution.until)
        # With what is due elsewhere: a frame that survived must not be counted again because the next one kills.
        positions = {**self.partitions.due(), partition.number: Position(record.offset, mark)}
        if self._halted or not await self._frames.commit_now(positions):
            return False
        if attempt > ATTEMPTS:
            entry = self.partitions.take(partition, record.offset)
            lethal = LethalFrameError(f"the worker did not survive {ATTEMPTS} attempts to infer this frame alone")
            return self._spawn(self._bury(record, lethal, entry, ATTEMPTS), record)
        begun = await self._begin_at_once(partition, record, attempt)
        await self._settle()
        if not partition.caution.covers(record.offset + 1):
            await self._frames.commit_now(self.partitions.due())
        return begun

    def _spawn(self, work: Coroutine[Any, Any, None], record: FrameRecord | None = None) -> bool:
        task = asyncio.create_task(self._guard(work, record))
        self._tasks.add(task)
        task.add_done_callback(self._ended if record else self._tasks.discard)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._flight.give_back()

    async def _guard(self, work: Coroutine[Any, Any, None], record: FrameRecord | None) -> None:
        try:
            await work
        except Exception as error:  # the service's edge: nothing that this frame needs can be had
            self._fail(error, record)

    # From a frame to its outcome

    async def _process(self, frame: Frame, record: FrameRecord, entry: Entry[Partition], attempt: int) -> None:
        keep = self._crops is not None and self._crops.wants(frame.info)
        taken = time.perf_counter()
        async with self._kept if keep else nullcontext():
            await self._record(frame, record, entry, attempt, taken, keep=keep)

    async def _record(
        self, frame: Frame, record: FrameRecord, entry: Entry[Partition], attempt: int, taken: float, *, keep: bool
    ) -> None:
        traced = self._traces.begin(frame) if self._traces else None
        if traced:
            frame = traced.frame
        try:
            result, picture = await self._inferring.infer(frame, record.value, keep=keep)
            self._flight.took(time.perf_counter() - taken)
        except FrameError as error:
            if traced:
                traced.fail(error)
            await self._bury(record, error, entry, attempt)
            return
        begun = time.perf_counter()
        # Before the result: whoever reads it may count on the crops, and what is committed has them all.
        crops = (
            await self._crops.write(frame, result.detections, picture) if self._crops and picture is not None else ()
        )
        await self._outcomes.inferred(result, crops, traceparent=frame.info.traceparent)
        delivered = time.perf_counter() - begun
        self._metrics.stage("deliver", delivered)
        if traced:
            traced.end(result.stages, delivered)
        self._finish(entry)

    async def _bury(self, record: FrameRecord, error: FrameError, entry: Entry[Partition], attempt: int) -> None:
        address = FrameAddress(self._model.name, record.partition, record.offset)
        log.warning("dead letter address=%s error=%s reason=%s", address, type(error).__name__, error)
        letter = dead_letter(address, error, record.headers, attempts=attempt)
        await self._outcomes.dead(letter, record.key, record.value)
        self._finish(entry)

    def _finish(self, entry: Entry[Partition]) -> None:
        self.partitions.done(entry)
        self._metrics.window(self.partitions.open_frames)

    def _fail(self, error: Exception, record: FrameRecord | None) -> None:
        self._halted = True
        self._metrics.error(type(error).__name__)
        where = f"partition={record.partition} offset={record.offset}" if record else "skips"
        log.error("worker gives up model=%s %s error=%r", self._model.name, where, error, exc_info=error)
        if not self.failed.done():
            self.failed.set_result(error)

    # Until nothing is left

    async def _settle(self) -> None:
        """Wait until everything taken has its outcome, or its task has given up."""
        while self._tasks or len(self._skips):
            self._write_skips()
            await asyncio.wait(self._tasks)

    def _write_skips(self) -> None:
        self._spawn(self._skips.flush())

    async def _hand_over(self, deadline_s: float) -> bool:
        self._halted = True
        try:
            async with asyncio.timeout(deadline_s):
                await self._settle()
        except TimeoutError:
            log.warning(
                "unfinished model=%s frames=%d after_s=%.0f", self._model.name, self.partitions.open_frames, deadline_s
            )
        left = self.partitions.open_frames
        if not self._inferring.hung:  # else the mark of the attempt stays: this frame may be what hangs
            try:
                async with asyncio.timeout(self._timing.last_commit):
                    await self._frames.commit_now(self.partitions.closing())
            except (TimeoutError, RuntimeError) as error:  # the broker is away, or the consumer's thread has ended
                log.warning("last commit failed model=%s error=%r", self._model.name, error)
        for task in self._tasks:
            task.cancel()
        self._skips.drop()
        self.partitions.drop()
        return left == 0
