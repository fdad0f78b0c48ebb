"""Follows topics as a member of a consumer group: what others of the group do not read, from where it left off."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from api.log.kafka import Log, Offsets, client_config, drain
from api.log.tail import BATCH
from schemas.settings import Settings

log = logging.getLogger(__name__)

_COMMIT_S: Final = 1.0
_ANSWER_S: Final = 10.0


class GroupTail:
    """Records of some topics, for one thread; those that a poll gave are done when the next begins.

    What is done is committed by the first poll after each second, when partitions go, and at the end; what the broker
    refused, by the next. What is not comes once more, to whoever has the partition then. Of each partition that comes,
    `remember` hears the last `back` records before the group's position, which were handed out already, perhaps by
    another member. Who needs longer for what a poll gave calls `stay` meanwhile.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Iterable[str],
        *,
        group: str,
        back: int,
        remember: Callable[[Message], None],
        from_beginning: bool,
    ) -> None:
        """Join `group`; where it has no position it begins with the first record that is left, or with the next."""
        self._group = group
        self._offsets = Offsets(settings)
        self._back = back
        self._remember = remember
        self._from_beginning = from_beginning
        self._begin: dict[Log, int] = {}
        self._given: dict[Log, int] = {}
        self._done: dict[Log, int] = {}
        self._early: list[Message] = []
        self._commit_at = 0.0
        self._trouble: str | None = None
        self._consumer = Consumer(
            {
                **client_config(settings),
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "on_commit": self._answered,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 16 * 1024,
            }
        )
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    @property
    def trouble(self) -> str | None:
        """What Kafka last complained of, in words; None when records come."""
        return self._trouble

    def poll(self, timeout: float, *, limit: int = BATCH) -> list[Message]:
        """The next records, at most `limit`, as soon as there are any; none after `timeout` seconds.

        Of who does not come back within five minutes (`max.poll.interval.ms`) the group thinks that it is dead.
        """
        self._done |= self._given
        self._given = {}
        if self._done and time.monotonic() >= self._commit_at:
            self._commit(asynchronous=True)
        records = []
        early, self._early = self._early, []
        for message in early or drain(self._consumer, limit=limit, timeout=timeout):
            if message.error():
                self._trouble = f"topic {message.topic()}: {message.error().str()}"
                log.warning("not all records can be read: %s", self._trouble)
                continue
            self._trouble = None
            place = (message.topic(), message.partition())
            if message.offset() < self._begin.get(place, 0):
                self._remember(message)
                continue
            self._given[place] = message.offset() + 1
            records.append(message)
        return records

    def stay(self, undone: Iterable[tuple[Log, int]]) -> None:
        """Remain a member while some of what the last poll gave is not done; nothing else is given meanwhile.

        Of each partition, what comes before the first of the `undone` is done.
        """
        first: dict[Log, int] = {}
        for place, offset in undone:
            first[place] = min(offset, first.get(place, offset))
        self._done |= {place: first.get(place, behind) for place, behind in self._given.items()}
        if self._done and time.monotonic() >= self._commit_at:
            self._commit(asynchronous=True)
        held = self._consumer.assignment()
        self._consumer.pause(held)
        message = self._consumer.poll(0)
        if message is not None:  # of a partition that has just come
            self._early.append(message)
        # A position may be resumed that has gone meanwhile: then there is nothing to resume.
        self._consumer.resume([one for one in held if (one.topic, one.partition) in self._begin])

    def close(self) -> None:
        """Commit what is done, and leave the group."""
        self._commit(asynchronous=False)
        self._consumer.close()
        self._offsets.close()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Called within a poll, which raises what this raises.

        Raises:
            EnvironmentMissingError: Kafka gives no positions in time.
        """
        logs = [(one.topic, one.partition) for one in partitions]
        deadline = time.monotonic() + _ANSWER_S
        committed = self._offsets.committed({self._group: logs}, deadline=deadline)
        starts = self._offsets.starts(logs, deadline=deadline)
        fresh = starts if self._from_beginning else self._offsets.ends(logs, deadline=deadline)
        for place in logs:
            if place not in committed:
                self._done[place] = fresh[place]  # committed: "from now on" is settled once, and not at each start
            self._begin[place] = committed.get(place, fresh[place])
        back = [TopicPartition(*place, max(starts[place], self._begin[place] - self._back)) for place in logs]
        consumer.assign(back)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._commit(asynchronous=False)
        self._lost(consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for gone in partitions:
            place = (gone.topic, gone.partition)
            for places in (self._begin, self._given, self._done):
                places.pop(place, None)
            self._early = [one for one in self._early if (one.topic(), one.partition()) != place]

    def _commit(self, *, asynchronous: bool) -> None:
        self._commit_at = time.monotonic() + _COMMIT_S
        done, self._done = self._done, {}
        if not done:
            return
        offsets = [TopicPartition(*place, offset) for place, offset in done.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=asynchronous)
        except KafkaException as error:
            self._answered(error.args[0], offsets)

    def _answered(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """Called with what became of a commit: what was refused is committed with the next, if its partition is ours.

        One that went and came back begins where another member left it: that must not be taken back.
        """
        refused = [(one, error or one.error) for one in offsets if error or one.error]
        for one, reason in refused:
            place = (one.topic, one.partition)
            log.warning("commit refused topic=%s partition=%d offset=%d error=%s", *place, one.offset, reason.str())
            if place in self._begin and one.offset >= self._begin[place]:
                self._done.setdefault(place, one.offset)
