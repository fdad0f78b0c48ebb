"""Reads the dead letters, and the records of those that were sent again, into memory: each once, the newest only."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from confluent_kafka import Message

from api.dead_letters.letters import SHOWN, Letter, Letters
from api.log.kafka import Log, Offsets, appended_at, headers_of
from api.log.topic_reader import TopicReader
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.messages import Redrive, decode_dead_letter
from schemas.settings import Settings
from schemas.window import milliseconds

log = logging.getLogger(__name__)


class LetterReader:
    """Keeps `letters` up to date; blocking, one caller at a time.

    It begins so that no more than `keep` letters of each partition are read, and with `since` none that are older: a
    letter's bytes come along with it, and nobody should wait for gigabytes.
    """

    def __init__(self, settings: Settings, offsets: Offsets, *, keep: int, since: datetime | None = None) -> None:
        self.letters = Letters(keep)
        self.malformed = 0
        self._names = settings.names
        self._servers = settings.bootstrap_servers
        self._offsets = offsets
        self._keep = keep
        self._since = since
        self._begun = False
        self._reader = TopicReader(settings, offsets)

    def refresh(self, *, deadline: float) -> None:
        """Read what is new.

        Raises:
            EnvironmentMissingError: Kafka gives no answer, there is no topic of dead letters, or the time was too
                short; the next refresh goes on where this one stopped.
        """
        names = self._names
        counts = self._offsets.partitions([names.dead_letters, names.redrives], deadline=deadline)
        if names.dead_letters not in counts:
            raise EnvironmentMissingError(
                f"Kafka at {self._servers} has no topic {names.dead_letters}; "
                f"expected every topic of prefix {names.prefix!r}: framebus topic apply makes them"
            )
        logs = {topic: [(topic, number) for number in range(count)] for topic, count in counts.items()}
        if not self._begun:
            self._reader.begin(self._beginnings(logs[names.dead_letters], deadline))
            self._begun = True
        self._reader.read(logs[names.dead_letters], self._letter, deadline=deadline)
        # Whoever sends letters again must know of those that were: these records come last.
        self._reader.read(logs.get(names.redrives, []), self._redrive, deadline=deadline)

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()

    def _beginnings(self, logs: list[Log], deadline: float) -> dict[Log, int]:
        newest = {entry: max(end - self._keep, 0) for entry, end in self._offsets.ends(logs, deadline=deadline).items()}
        if self._since is None:
            return newest
        since = self._offsets.at(logs, milliseconds(self._since), deadline=deadline)
        return {entry: max(offset, since[entry]) for entry, offset in newest.items()}

    def _letter(self, message: Message) -> None:
        try:
            found = decode_dead_letter(headers_of(message))
            at = appended_at(message)
        except MessageError as error:
            self._note(message, error)
            return
        self.letters.add(
            Letter(
                address=found.address,
                at=at,
                camera=(message.key() or b"")[:SHOWN].decode(errors="replace"),
                error=found.error,
                message=found.message,
                attempts=found.attempts,
                size=None if found.value_omitted else len(message.value() or b""),
                redriven=found.redriven,
                place=(message.partition(), message.offset()),
            )
        )

    def _redrive(self, message: Message) -> None:
        try:
            self.letters.add_redrive(Redrive.from_json(message.value()))
        except MessageError as error:
            self._note(message, error)

    def _note(self, message: Message, error: MessageError) -> None:
        self.malformed += 1
        place = (message.topic(), message.partition(), message.offset())
        log.warning("malformed record topic=%s partition=%d offset=%d error=%s", *place, error)


def soon(seconds: float) -> float:
    """The deadline that is so many seconds away."""
    return time.monotonic() + seconds
