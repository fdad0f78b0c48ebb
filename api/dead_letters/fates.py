"""What became of frames that were sent again: looked up in the outcomes, from the time of the sending on."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message

from api.dead_letters.letters import Fate, Letters, Sending
from api.kafka import Log, Offsets, assign, drain, group_free_consumer, headers_of, remaining
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.messages import FrameAddress, PartitionRanges, Skip, SkipReason, address_from_headers
from schemas.settings import Settings
from schemas.window import milliseconds

_BATCH: Final = 2000
_REMEMBERED: Final = 10_000


class FateReader:
    """Finds the outcome of frames that are not dead again; blocking, one caller at a time.

    There is no index from a frame to its outcome, and a history of results is long. But the outcome of a frame that
    its group has committed was appended after the frame, and mostly soon after: reading begins there. What is found
    is remembered.
    """

    def __init__(self, settings: Settings, offsets: Offsets) -> None:
        self._settings = settings
        self._names = settings.names
        self._offsets = offsets
        self._consumer: Consumer | None = None
        self._known: dict[FrameAddress, Fate] = {}

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
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known |= found
        return fates | found

    def _search(self, model: str, wanted: dict[FrameAddress, datetime], deadline: float) -> dict[FrameAddress, Fate]:
        """Read from the earliest sending on until its outcome is found, then go on from the next that is not."""
        topics = self._offsets.partitions([self._names.results(model), self._names.skips], deadline=deadline)
        logs = [(topic, number) for topic, count in topics.items() for number in range(count)]
        found: dict[FrameAddress, Fate] = {}
        missing = sorted(wanted, key=lambda address: wanted[address])
        while missing and time.monotonic() < deadline:
            exhausted = self._read_until(missing[0], wanted, logs, found, deadline)
            missing = [] if exhausted else [address for address in missing if address not in found]
        return found

    def _read_until(  # one search, taken apart
        self,
        first: FrameAddress,
        wanted: dict[FrameAddress, datetime],
        logs: list[Log],
        found: dict[FrameAddress, Fate],
        deadline: float,
    ) -> bool:
        """Note every outcome that comes by until that of `first` does; True: there is nothing more to read."""
        ends = self._offsets.ends(logs, deadline=deadline)
        begin = self._offsets.at(logs, milliseconds(wanted[first]), deadline=deadline)
        behind = {log for log in logs if begin[log] < ends[log]}
        if not behind:
            return True
        if self._consumer is None:
            options = {"enable.partition.eof": True, "fetch.wait.max.ms": 20, "queued.max.messages.kbytes": 8 * 1024}
            self._consumer = group_free_consumer(self._settings, options)
        assign(self._consumer, {log: begin[log] for log in behind}, timeout=remaining(deadline))
        try:
            while behind and first not in found and time.monotonic() < deadline:
                for message in drain(self._consumer, limit=_BATCH, timeout=0.2):
                    if _ended(message, ends):
                        behind.discard((message.topic(), message.partition()))
                    if message.error() is None:
                        found.update(self._outcomes(message, wanted))
        finally:
            self._consumer.unassign()
        return not behind

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
        ranges = [entry for skipped in skip.skipped for entry in skipped.frames]
        return {address: Fate.EXPIRED for address in wanted if address.model == skip.model and _holds(ranges, address)}


def _holds(ranges: Iterable[PartitionRanges], address: FrameAddress) -> bool:
    return any(
        first <= address.offset <= last
        for entry in ranges
        if entry.partition == address.partition
        for first, last in entry.ranges
    )


def _ended(message: Message, ends: dict[Log, int]) -> bool:
    """Whether this is the last that there is to read of its log."""
    error = message.error()
    if error is None:
        return bool(message.offset() + 1 >= ends[message.topic(), message.partition()])
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise EnvironmentMissingError(f"topic {message.topic()} cannot be read: {error.str()}")
