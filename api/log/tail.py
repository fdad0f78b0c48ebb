"""Follows topics as they grow: those that exist, those that appear later, and through a broker that comes and goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Message

from api.log.kafka import Log, Offsets, assign, drain, group_free_consumer
from api.metrics import ERRORS
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Records that one poll gives at most, unless it says less."""
_CHECK_S: Final = 5.0
_RETRY_S: Final = 0.5
_ANSWER_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Appeared:
    """A topic as it is followed from now on: its id, and where reading goes on in each of its partitions."""

    topic: str
    id: str
    next: tuple[int, ...]


class LogTail:
    """Every record of some topics from a chosen place on, for one thread.

    `topics` says for each topic with how many of its newest records (of each partition) to begin; None begins with the
    first that it still has. A topic or a partition that appears later is read from its first record on: all of it is
    newer than the beginning.
    """

    def __init__(self, settings: Settings, topics: Mapping[str, int | None], *, check_s: float = _CHECK_S) -> None:
        """Follow `topics`, and look for new partitions every `check_s` seconds."""
        self._topics = dict(topics)
        self._check_s = check_s
        self._servers = settings.bootstrap_servers
        self._offsets = Offsets(settings)
        self._consumer = group_free_consumer(settings, {"queued.max.messages.kbytes": 16 * 1024})
        self._next: dict[Log, int] = {}
        self._ids: dict[str, str] = {}
        self._appeared: list[Appeared] = []
        self._begun = False
        self._check_at = 0.0
        self._trouble: str | None = "Kafka was not asked yet"
        self.cluster: str | None = None
        """The id of the cluster; None before it has answered."""

    @property
    def trouble(self) -> str | None:
        """Why records may be missing, in words; None when every topic is being read."""
        return self._trouble

    def open(self, *, deadline: float) -> None:
        """Settle where to begin now, instead of with the first poll.

        Raises:
            EnvironmentMissingError: Kafka gives no answer by `deadline`.
        """
        self._check(deadline)

    def poll(self, timeout: float, *, limit: int = BATCH) -> list[Message]:
        """The next records, at most `limit`, as soon as there are any.

        None after `timeout` seconds, or while the broker is away.
        """
        if time.monotonic() >= self._check_at:
            try:
                self._check(time.monotonic() + _ANSWER_S)
            except EnvironmentMissingError as error:
                self._note(str(error))
        if not self._next:
            time.sleep(min(timeout, _RETRY_S))  # nothing is assigned, so there is nothing that could wake us
            return []
        records: list[Message] = []
        for message in drain(self._consumer, limit=limit, timeout=timeout):
            if message.error():
                self._note(f"topic {message.topic()} partition {message.partition()}: {message.error().str()}")
                continue
            where = (message.topic(), message.partition())
            if message.offset() < self._next[where] and self._is_made_anew(where[0]):
                # Whatever was not looked at yet comes again, and what was before is of the topic that is gone.
                return [record for record in records if record.topic() != where[0]]
            self._next[where] = message.offset() + 1
            records.append(message)
        return records

    def appeared(self) -> list[Appeared]:
        """Topics that appeared, grew or were made anew since the last call: all before the records of the last poll."""
        appeared, self._appeared = self._appeared, []
        return appeared

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _is_made_anew(self, topic: str) -> bool:
        """Whether a log that begins again is another one."""
        before = self._ids.get(topic)
        try:
            self._check(time.monotonic() + _ANSWER_S)
        except EnvironmentMissingError as error:
            self._note(str(error))
        return self._ids.get(topic) != before

    def _check(self, deadline: float) -> None:
        """Take on what has appeared since; also finds out whether the broker still answers."""
        self._check_at = time.monotonic() + _RETRY_S  # also for the case that the broker gives no answer
        shapes = self._offsets.described(self._topics, deadline=deadline)
        self.cluster = self.cluster or self._offsets.cluster(deadline=deadline)
        logs = {(topic, number) for topic, shape in shapes.items() for number in range(shape.partitions)}
        renewed = {topic for topic, shape in shapes.items() if self._ids.get(topic, shape.id) != shape.id}
        new = {each for each in logs if each not in self._next or each[0] in renewed}
        if new:
            beginnings = self._beginnings(new, deadline)
            kept = {each: offset for each, offset in self._next.items() if each[0] not in renewed}
            self._next = kept | beginnings
            self._ids |= {topic: shape.id for topic, shape in shapes.items()}
            assign(self._consumer, self._next, timeout=_ANSWER_S)
            for topic in sorted({topic for topic, _ in new}):
                starts = tuple(self._next[topic, number] for number in range(shapes[topic].partitions))
                self._appeared.append(Appeared(topic, shapes[topic].id, starts))
        self._begun = True
        missing = sorted(self._topics.keys() - shapes.keys())
        if missing:
            self._note(f"Kafka at {self._servers} has no topic {', '.join(missing)} yet: waiting for them")
            return
        self._check_at = time.monotonic() + self._check_s
        if self._trouble:
            log.info("reading again topics=%d partitions=%d", len(shapes), len(logs))
        self._trouble = None

    def _beginnings(self, new: set[Log], deadline: float) -> dict[Log, int]:
        starts = self._offsets.starts(new, deadline=deadline)
        if self._begun:
            return starts
        ends = self._offsets.ends(new, deadline=deadline)
        beginnings = {}
        for entry in new:
            back = self._topics[entry[0]]
            beginnings[entry] = starts[entry] if back is None else max(starts[entry], ends[entry] - back)
        return beginnings

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            ERRORS.labels(kind="reading").inc()
            log.warning("not all records can be read: %s", trouble)
        self._trouble = trouble
