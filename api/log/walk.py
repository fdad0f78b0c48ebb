"""Pages straight from several logs, in the order in which the broker appended: each record once, however they grow."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from api.log.kafka import Log, Offsets, assign, drain, remaining
from api.log.lending import Consumers
from schemas.errors import EnvironmentMissingError, FramebusError
from schemas.settings import Settings

T = TypeVar("T")

SCANNED: Final = 20_000
"""Records that one page looks at, at most."""
PAGE_S: Final = 1.5
"""Seconds that one page takes, once it has looked at anything."""
_ANSWER_S: Final = 5.0
_CONSUMERS: Final = 2
_BATCH: Final = 500
_AHEAD: Final = 1_000
"""Records of one log that wait for slower ones; then its turn is over until they are used."""
PARTITION_BYTES: Final = 512 * 1024
"""What is fetched of a partition at once: what a page does not use is fetched anew for the next."""
_FETCH: Final[dict[str, str | float]] = {
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 20,  # the ends are known: nobody waits for what is not there yet
    "fetch.max.bytes": 8 * 1024 * 1024,
    "queued.max.messages.kbytes": 16 * 1024,
    "fetch.queue.backoff.ms": 5,
}


class LogAnewError(FramebusError):
    """A place is beyond the end of its log, which never shrinks: the topic was deleted and made anew."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What was found, the next offset of each log, how many records retention took before they were read, and whether
    everything that was there when the page began has been looked at."""

    found: list[T]
    positions: dict[Log, int]
    missed: int
    complete: bool


class LogWalker:
    """A few consumers that jump to where a page begins; blocking, thread-safe.

    The order is that of the broker's append times, and at one moment that of topic, partition and offset. Each log's
    records come in its own order whatever the clocks say. A page looks at `SCANNED` records at most, or for `PAGE_S`
    seconds: so it may be short, or empty, before the end.
    """

    def __init__(self, settings: Settings, offsets: Offsets, *, partition_bytes: int = PARTITION_BYTES) -> None:
        self._offsets = offsets
        options = {**_FETCH, "max.partition.fetch.bytes": partition_bytes}
        self._consumers = Consumers(settings, options, count=_CONSUMERS, of="the logs")

    def page(
        self,
        positions: Mapping[Log, int],
        take: Callable[[Message], list[T]],
        *,
        limit: int,
        until_ms: int | None = None,
    ) -> Page[T]:
        """Read on from `positions`: what `take` makes of each record, until there is as much as `limit`.

        A record of which more comes than there is room for begins the next page, unless it would be this one's first.
        With `until_ms` only what was appended before that moment.

        Raises:
            LogAnewError: A position is beyond the log's end.
            EnvironmentMissingError: Kafka gives no answer.
        """
        deadline = time.monotonic() + _ANSWER_S
        starts = self._offsets.starts(positions, deadline=deadline)
        ends = self._offsets.ends(positions, deadline=deadline)
        for log, position in positions.items():
            if position > ends[log]:
                raise LogAnewError(
                    f"topic {log[0]} partition {log[1]} ends before offset {ends[log]}, and {position} was told of it: "
                    "it was made anew; expected to begin without a cursor"
                )
        merge = _Merge({log: max(position, starts[log]) for log, position in positions.items()}, ends, until_ms)
        missed = sum(max(starts[log] - position, 0) for log, position in positions.items())
        found: list[T] = []
        if merge.waiting:
            with self._consumers.lend(_ANSWER_S) as consumer:
                self._read(consumer, merge, take, found, limit=limit, deadline=deadline)
        return Page(found, merge.positions, missed, merge.is_complete)

    def close(self) -> None:
        """Leave the broker; a page under way is left to the end of the process."""
        self._consumers.close()

    def _read(
        self,
        consumer: Consumer,
        merge: _Merge,
        take: Callable[[Message], list[T]],
        found: list[T],
        *,
        limit: int,
        deadline: float,
    ) -> None:
        begin = {log: merge.positions[log] for log in merge.waiting}
        assign(consumer, begin, timeout=remaining(deadline))
        # What an earlier page paused stays so, whatever is assigned.
        consumer.resume([TopicPartition(*log) for log in begin])
        paused: set[Log] = set()
        scanned, enough_at = 0, time.monotonic() + PAGE_S
        try:
            while not merge.is_complete:
                if merge.waiting:
                    if time.monotonic() > (enough_at if scanned else deadline):
                        break
                    for message in drain(consumer, limit=_BATCH, timeout=0.1):
                        merge.put(message)
                    paused = _keep_pace(consumer, merge, paused)
                    continue
                taken = take(merge.first())
                if found and len(found) + len(taken) > limit:
                    return
                found += taken
                merge.advance()
                scanned += 1
                if len(found) >= limit or scanned >= SCANNED or (scanned % 100 == 0 and time.monotonic() > enough_at):
                    return
        finally:
            consumer.unassign()
        if not scanned and not merge.is_complete:
            raise EnvironmentMissingError(f"Kafka did not send the records of {merge.names()} in {_ANSWER_S:g} s")


class _Merge:
    """The heads of several logs: the earliest of them is known when each that has not ended shows one."""

    def __init__(self, positions: Mapping[Log, int], ends: Mapping[Log, int], until_ms: int | None) -> None:
        self.positions = dict(positions)
        self.waiting = {log for log, position in positions.items() if position < ends[log]}
        """Logs that have not ended, and of which nothing is here."""
        self._ends = ends
        self._until_ms = until_ms
        self._ahead: dict[Log, deque[Message]] = {log: deque() for log in self.waiting}
        self._heads: list[tuple[int, Log]] = []

    @property
    def is_complete(self) -> bool:
        """Whether every log has ended."""
        return not self.waiting and not self._heads

    def names(self) -> str:
        """The topics that are waited for."""
        return ", ".join(sorted({topic for topic, _ in self.waiting}))

    def crowded(self) -> set[Log]:
        """Logs of which enough is here."""
        return {log for log, ahead in self._ahead.items() if len(ahead) >= _AHEAD}

    def put(self, message: Message) -> None:
        """Take a record, or the news that a log has none any more, as the client gives it.

        Raises:
            EnvironmentMissingError: It is an error.
        """
        log = (message.topic(), message.partition())
        error = message.error()
        if log not in self._ahead:
            return
        if error is None:
            ahead = self._ahead[log]
            expected = ahead[-1].offset() + 1 if ahead else self.positions[log]
            if expected <= message.offset() < self._ends[log]:
                ahead.append(message)
                if log in self.waiting:
                    self._show(log)
            elif message.offset() >= self._ends[log] and log in self.waiting:
                self._end(log)
        elif error.code() != KafkaError._PARTITION_EOF:
            raise EnvironmentMissingError(f"topic {log[0]} partition {log[1]} cannot be read: {error.str()}")
        elif log in self.waiting:  # the last offsets of a log need not be records
            self._end(log)

    def first(self) -> Message:
        """The earliest record; only while nothing is waited for, and not everything has ended."""
        return self._ahead[self._heads[0][1]][0]

    def advance(self) -> None:
        """The earliest record is done."""
        _, log = heapq.heappop(self._heads)
        message = self._ahead[log].popleft()
        self.positions[log] = message.offset() + 1
        if self.positions[log] >= self._ends[log]:
            del self._ahead[log]
        elif self._ahead[log]:
            self._show(log)
        else:
            self.waiting.add(log)

    def _show(self, log: Log) -> None:
        self.waiting.discard(log)
        _, at_ms = self._ahead[log][0].timestamp()
        if self._until_ms is not None and at_ms >= self._until_ms:
            del self._ahead[log]  # what follows was appended later still
        else:
            heapq.heappush(self._heads, (at_ms, log))

    def _end(self, log: Log) -> None:
        self.waiting.discard(log)
        self.positions[log] = self._ends[log]
        del self._ahead[log]


def _keep_pace(consumer: Consumer, merge: _Merge, paused: set[Log]) -> set[Log]:
    """Let logs of which enough is here wait for the others; which of them do."""
    crowded = merge.crowded()
    if new := crowded - paused:
        consumer.pause([TopicPartition(*log) for log in new])
    if again := paused - crowded:
        consumer.resume([TopicPartition(*log) for log in again])
    return crowded
