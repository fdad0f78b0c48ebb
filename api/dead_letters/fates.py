"""What became of frames that were sent again: looked up in the outcomes, from shortly before the sending on."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message

from api.dead_letters.letters import Fate, Letters, Sending
from api.log.kafka import Log, Offsets, assign, drain, group_free_consumer, headers_of, remaining
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.messages import FrameAddress, Skip, SkipReason, address_from_headers
from schemas.settings import Settings
from schemas.window import CLOCK_SKEW_MS, milliseconds

_BATCH: Final = 2000
_REMEMBERED: Final = 10_000


class FateReader:
    """Finds the outcome of frames that are not dead again; blocking, one caller at a time.

    There is no index from a frame to its outcome, and a history of results is long. But the outcome of a frame that
    its group has committed was appended after the frame, and mostly soon after: reading begins there, less what clocks
    may differ. What is found is remembered, and up to where nothing was.
    """

    def __init__(self, settings: Settings, offsets: Offsets) -> None:
        self._settings = settings
        self._names = settings.names
        self._offsets = offsets
        self._consumer: Consumer | None = None
        self._known: dict[FrameAddress, Fate] = {}
        self._searched: dict[FrameAddress, Mapping[Log, int]] = {}
        """Where a search ended that had nothing more to read, and had not found this one."""

    def find(self, sendings: Iterable[Sending], letters: Letters, *, deadline: float) -> dict[FrameAddress, Fate]:
        """What became of each of `sendings`, by its address; UNKNOWN what could not be found by `deadline`.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        fates: dict[FrameAddress, Fate] = {}
        open_: list[Sending] = []
        for sending in sendings:
            if letters.get(sending.address):
                fates[sending.address] = Fate.DEAD
            elif sending.address in self._known:
                fates[sending.address] = self._known[sending.address]
            else:
                open_.append(sending)
        for model in {sending.address.model for sending in open_}:
            mine = [sending for sending in open_ if sending.address.model == model]
            fates |= self._of_model(model, mine, deadline)
        return fates

    def close(self) -> None:
        """Leave the broker."""
        if self._consumer is not None:
            self._consumer.close()

    def _of_model(self, model: str, sendings: list[Sending], deadline: float) -> dict[FrameAddress, Fate]:
        topic = self._names.frames(model)
        logs = {(topic, sending.address.partition) for sending in sendings}
        committed = self._offsets.committed({self._names.inference_group(model): logs}, deadline=deadline)
        fates = {sending.address: Fate.WAITING for sending in sendings}
        wanted = {
            sending.address: sending.at
            for sending in sendings
            if sending.at and sending.address.offset < committed.get((topic, sending.address.partition), 0)
        }
        fates |= dict.fromkeys(wanted, Fate.UNKNOWN)
        found = self._search(model, wanted, deadline) if wanted else {}
        self._known |= found
        for remembered in (self._known, self._searched):
            while len(remembered) > _REMEMBERED:
                del remembered[next(iter(remembered))]
        return fates | found

    def _search(self, model: str, wanted: dict[FrameAddress, datetime], deadline: float) -> dict[FrameAddress, Fate]:
        """Read from the earliest sending on until its outcome is found, then go on from the next that is not; of those
        that were searched for before, what came since.
        """
        topics = self._offsets.partitions([self._names.results(model), self._names.skips], deadline=deadline)
        logs = [(topic, number) for topic, count in topics.items() for number in range(count)]
        found: dict[FrameAddress, Fate] = {}
        before = [address for address in wanted if address in self._searched]
        missing = sorted(wanted.keys() - set(before), key=lambda address: wanted[address])
        while missing and time.monotonic() < deadline:
            at_ms = max(milliseconds(wanted[missing[0]]) - CLOCK_SKEW_MS, 0)
            begin = self._offsets.at(logs, at_ms, deadline=deadline)
            ends = self._read(begin, wanted, found, aim=missing[:1], deadline=deadline)
            missing = self._left(missing, found, ends)
        if before and time.monotonic() < deadline:
            begin = {log: min(self._searched[address].get(log, 0) for address in before) for log in logs}
            ends = self._read(begin, wanted, found, aim=before, deadline=deadline)
            self._left(before, found, ends)
        return found

    def _left(
        self, aim: list[FrameAddress], found: Collection[FrameAddress], ends: Mapping[Log, int] | None
    ) -> list[FrameAddress]:
        """What is worth another reading; none is, if everything up to `ends` was read."""
        missing = [address for address in aim if address not in found]
        if ends is None:
            return missing
        self._searched |= dict.fromkeys(missing, ends)
        return []

    def _read(
        self,
        begin: Mapping[Log, int],
        wanted: Collection[FrameAddress],
        found: dict[FrameAddress, Fate],
        *,
        aim: Collection[FrameAddress],
        deadline: float,
    ) -> Mapping[Log, int] | None:
        """Note every outcome that comes by until those of `aim` did; where everything ends, if all of it was read."""
        ends = self._offsets.ends(begin, deadline=deadline)
        behind = {log for log in begin if begin[log] < ends[log]}
        if not behind:
            return ends
        if self._consumer is None:
            options = {"enable.partition.eof": True, "fetch.wait.max.ms": 20, "queued.max.messages.kbytes": 8 * 1024}
            self._consumer = group_free_consumer(self._settings, options)
        assign(self._consumer, {log: begin[log] for log in behind}, timeout=remaining(deadline))
        try:
            while behind and not all(address in found for address in aim) and time.monotonic() < deadline:
                for message in drain(self._consumer, limit=_BATCH, timeout=0.2):
                    if _ended(message, ends):
                        behind.discard((message.topic(), message.partition()))
                    if message.error() is None:
                        found.update(self._outcomes(message, wanted))
        finally:
            self._consumer.unassign()
        return None if behind else ends

    def _outcomes(self, message: Message, wanted: Collection[FrameAddress]) -> dict[FrameAddress, Fate]:
        """Which of `wanted` this result or this record of skipped frames is about."""
        try:
            if message.topic() != self._names.skips:
                address = address_from_headers(headers_of(message))
                return {address: Fate.INFERRED} if address in wanted else {}
            skip = Skip.from_json(message.value())
        except MessageError:
            return {}  # an audit names it
        if skip.reason is not SkipReason.EXPIRED:
            return {}
        return {address: Fate.EXPIRED for address in wanted if skip.holds(address)}


def _ended(message: Message, ends: dict[Log, int]) -> bool:
    """Whether this is the last that there is to read of its log."""
    error = message.error()
    if error is None:
        return bool(message.offset() + 1 >= ends[message.topic(), message.partition()])
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise EnvironmentMissingError(f"topic {message.topic()} cannot be read: {error.str()}")
