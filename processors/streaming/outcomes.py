"""What becomes of a frame, as records: results, dead letters and skips, each awaited until the broker has it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from aiokafka.errors import KafkaError

from processors.metrics import WorkerMetrics
from processors.streaming.clock import BrokerClock
from schemas.errors import EnvironmentMissingError, FrameError
from schemas.ledger import Outcome
from schemas.messages import (
    CropCounts,
    DeadLetter,
    FrameAddress,
    PartitionRanges,
    RawHeaders,
    Result,
    Skip,
    SkippedFrames,
    SkipReason,
)
from schemas.settings import Settings
from schemas.spread import RoundRobin

log = logging.getLogger(__name__)

DELIVERY_ATTEMPTS: Final = 8
"""With 30 s for each and the back-off between them: about five minutes without a broker."""
BACKOFF_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Record(NamedTuple):
    """One record to produce: where its key leads, or in `turn` to each of the topic's partitions."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: RawHeaders
    turn: RoundRobin | None = None


class Receipt(Protocol):
    """What the broker says of a record that it has appended; `timestamp` is in milliseconds."""

    partition: int
    offset: int
    timestamp: int
    timestamp_type: int


Send = Callable[[Record], Awaitable[Awaitable[Receipt | None]]]
"""Hands a record to the producer; what it returns is done when the broker has acknowledged."""
LOG_APPEND_TIME: Final = 1
CLOCK_TOLD_S: Final = 0.5
"""By how much a clock must be found to have moved to be worth a line in the log."""


def backoff(attempt: int) -> float:
    """Seconds to wait after the `attempt`-th failure, from 1."""
    return BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]


class Outcomes:
    """Produces outcome records of one model and waits for the broker's acknowledgement."""

    def __init__(self, settings: Settings, model: str, send: Send, metrics: WorkerMetrics) -> None:
        self.refused = 0
        """Records whose delivery has failed, and which are being tried again."""
        self.clock = BrokerClock()
        self._told = 0.0
        self._model = model
        self._send = send
        self._metrics = metrics
        self._limit = settings.record_limit_bytes
        self._captures = settings.names.captures
        self._results = settings.names.results(model)
        self._dead_letters = settings.names.dead_letters
        self._skips = settings.names.skips

    async def inferred(
        self, result: Result, crops: Iterable[CropCounts] = (), *, traceparent: str | None = None
    ) -> None:
        """Record a result, and what became of the frame's `crops`, which are delivered already.

        A `traceparent` stands in the result's headers, as it stood in the frame's.

        Raises:
            EnvironmentMissingError: The broker did not acknowledge it for minutes.
        """
        key = result.frame.camera.encode()
        record = Record(self._results, key, result.to_json(), result.headers(traceparent))
        counts = [Record(self._captures, key, one.to_json(), []) for one in crops]
        if counts:
            await asyncio.gather(*map(self._deliver, (*counts, record)))
        else:
            await self._deliver(record)
        self._metrics.processed(Outcome.INFERRED)

    async def crop(self, record: Record) -> tuple[int, int]:
        """Deliver a crop to the model that follows ours; the partition and the offset that it has.

        Raises:
            EnvironmentMissingError: The broker did not acknowledge it for minutes, or does not say where it is.
        """
        receipt = await self._deliver(record)
        if receipt is None or receipt.offset < 0:
            raise EnvironmentMissingError(f"topic {record.topic}: a crop without an offset; expected its address")
        return receipt.partition, receipt.offset

    async def dead(self, letter: DeadLetter, key: bytes | None, value: bytes | None) -> None:
        """Record a frame that no retry can help, its value untouched unless the record would exceed the limit.

        Raises:
            EnvironmentMissingError: The broker did not acknowledge it for minutes.
        """
        await self._deliver(dead_record(self._dead_letters, letter, key, value, limit=self._limit))
        self._metrics.processed(Outcome.DEAD)

    async def skipped(self, skip: Skip) -> None:
        """Record frames that nobody inferred.

        Raises:
            EnvironmentMissingError: The broker did not acknowledge it for minutes.
        """
        await self._deliver(Record(self._skips, self._model.encode(), skip.to_json(), []))
        outcome = Outcome.STALE if skip.reason is SkipReason.STALE else Outcome.EXPIRED
        self._metrics.processed(outcome, skip.count)

    async def expired(self, gaps: Mapping[int, tuple[int, int]]) -> None:
        """Record in one go what retention took before anyone read it: by partition, the first and the last frame.

        Raises:
            EnvironmentMissingError: The broker did not acknowledge it for minutes.
        """
        if not gaps:
            return
        for partition, (first, last) in gaps.items():
            log.warning("frames expired model=%s partition=%d offsets=%d-%d", self._model, partition, first, last)
        frames = tuple(PartitionRanges(partition=partition, ranges=(gap,)) for partition, gap in gaps.items())
        await self.skipped(
            Skip(
                model=self._model,
                reason=SkipReason.EXPIRED,
                time=datetime.now(UTC),
                skipped=(SkippedFrames(frames=frames),),
            )
        )

    async def _deliver(self, record: Record) -> Receipt | None:
        try:
            return await self._acknowledged(record, 1)
        except KafkaError:
            self.refused += 1
        try:
            for attempt in range(2, DELIVERY_ATTEMPTS + 1):
                await asyncio.sleep(backoff(attempt - 1))
                with suppress(KafkaError):
                    return await self._acknowledged(record, attempt)
        finally:
            self.refused -= 1
        raise EnvironmentMissingError(
            f"topic {record.topic}: no acknowledgement after {DELIVERY_ATTEMPTS} attempts; expected one from the broker"
        )

    async def _acknowledged(self, record: Record, attempt: int) -> Receipt | None:
        sent = self.clock.read()
        try:
            receipt = await (await self._send(record))
        except KafkaError as error:
            self._metrics.error(type(error).__name__)
            log.warning("delivery failed topic=%s attempt=%d error=%r", record.topic, attempt, error)
            raise
        if receipt is not None and receipt.timestamp_type == LOG_APPEND_TIME:
            self.clock.hear(sent, receipt.timestamp / 1000, self.clock.read())
            self._tell_clock()
        return receipt

    def _tell_clock(self) -> None:
        ahead = self.clock.ahead
        self._metrics.clock_ahead(ahead)
        if abs(ahead - self._told) >= CLOCK_TOLD_S:
            self._told = ahead
            log.warning("this machine's clock is not the broker's, ages are set right ahead_s=%+.3f", ahead)


def dead_record(topic: str, letter: DeadLetter, key: bytes | None, value: bytes | None, *, limit: int) -> Record:
    """The record of a dead letter; where it would exceed `limit` bytes the value goes, then the original headers.

    The key stays what it was, but for a null one beside a null value, which no client would write.
    """
    omitted = replace(letter, value_omitted=True)
    bare = replace(omitted, headers_omitted=True, original=letter.redriven.headers() if letter.redriven else ())
    forms = (
        Record(topic, b"" if key is None and value is None else key, value, letter.encode()),
        Record(topic, key or b"", None, omitted.encode()),
        Record(topic, b"", None, bare.encode()),
    )
    return next((record for record in forms if _size(record) <= limit), forms[-1])


def _size(record: Record) -> int:
    """Bytes that the record takes at most; a header's value may be null."""
    headers = sum(len(name.encode()) + len(text or b"") + 10 for name, text in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers + 128


def dead_letter(address: FrameAddress, error: FrameError, headers: RawHeaders, *, attempts: int) -> DeadLetter:
    """The dead letter of a frame that `error` says is at fault."""
    return DeadLetter(address, type(error).__name__, str(error), attempts, original=tuple(headers))
