"""Takes a client that comes back from where it stopped to what is live: out of Kafka, then out of memory."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Final

from api.log.kafka import Log
from api.metrics import STREAM_GAPS, STREAM_RESUMES
from api.result_record import decode_result
from api.stream.channel import CHUNK_BYTES, Channel
from api.stream.encodings import Gap, gap_text
from api.stream.gaps import GapReason, is_whole
from api.stream.history import Batch
from api.stream.ids import UNKNOWN, Positions
from schemas.errors import EnvironmentMissingError

if TYPE_CHECKING:
    from api.stream.broadcaster import Broadcaster

log = logging.getLogger(__name__)

Place = tuple[str, int]
"""A model and a partition."""

_SLICE: Final = 25
"""Records that are decoded before other clients have their turn: about 2 ms."""
_REST: Final = 2.0
"""How long others have the processor then, in times of what the slice took."""
_LOOK_S: Final = 0.02
_AHEAD_S: Final = 5.0
"""Another replica may have seen so much more than this one; whoever is ahead for longer has an id from nowhere."""
_RETRY_S: Final = 1.0
_HEARTBEAT_S: Final = 10.0
_SCANNED: Final = 500
"""Entries that are looked at before other clients have their turn."""


class Resumption:
    """One client's way back: it has positions of its own until they are those of all."""

    def __init__(self, broadcaster: Broadcaster, channel: Channel, own: Positions) -> None:
        self._broadcaster = broadcaster
        self._channel = channel
        self._model = channel.wanted.model
        self._names = broadcaster.history.names
        self._own = own
        self._replaced: dict[Place, int] = {}
        """Where the client was in topics that were made anew since."""

    async def events(self) -> AsyncIterator[list[bytes]]:
        """Events to be sent at once, until the client has come as far as all others, or the service ends."""
        loop, window = asyncio.get_running_loop(), self._broadcaster.window
        source, number, sent_at, ahead_since = "memory", window.first, loop.time(), math.inf
        while not self._broadcaster.is_closed:
            self._align()
            if self._behind():
                source, number = "log", window.first
                events = await self._from_log()
            else:
                events, number = self._from_memory(max(number, window.first))
                if not events and number == window.next:
                    if self._catch_up():
                        STREAM_RESUMES.labels(source=source).inc()
                        return
                    ahead_since = min(ahead_since, loop.time())
                    await asyncio.sleep(_LOOK_S)
            if not events and loop.time() - ahead_since > _AHEAD_S:
                events, ahead_since = await self._come_down(), math.inf
            if not events and loop.time() - sent_at > _HEARTBEAT_S:
                events = [self._channel.encoding.heartbeat(self._id())]
            if events:
                yield events
                sent_at = loop.time()
            else:
                await asyncio.sleep(0)

    def _id(self) -> str | None:
        """The id of who has come as far as this client; None while that is not known of every partition."""
        return None if any(at == UNKNOWN for _, _, at in self._own) else self._own.encode(self._model)

    def _log(self, model: str, partition: int) -> Log:
        return self._names.results(model), partition

    def _align(self) -> None:
        """Know the topics as they are now: what is new is read from its log's start."""
        live = self._broadcaster.positions
        for model in live.models:
            incarnation = live.incarnation(model)
            if incarnation is None or self._model not in (None, model):
                continue
            if self._own.incarnation(model) != incarnation:
                for partition in range(self._own.count(model)):
                    self._replaced[model, partition] = self._own.next(model, partition)
                self._own.put(model, incarnation, [UNKNOWN] * live.count(model))
            self._own.grow(model, live.count(model))

    def _behind(self) -> dict[Place, int]:
        """Up to where memory does not reach back."""
        return {
            (model, partition): base
            for model, partition, base in self._broadcaster.window.base
            if self._model in (None, model) and self._own.next(model, partition) < base
        }

    async def _from_log(self) -> list[bytes]:
        history = self._broadcaster.history
        async with history.turn:
            behind = {self._log(*place): (place, end) for place, end in self._behind().items()}
            begin = {log: self._own.next(*place) for log, (place, _) in behind.items()}
            try:
                batch = await history.read(begin, {log: end for log, (_, end) in behind.items()})
            except EnvironmentMissingError as error:
                log.warning("a stream waits to be resumed: %s", error)
                await asyncio.sleep(_RETRY_S)
                return []
            places = {log: place for log, (place, _) in behind.items()}
            events = self._gap(batch, places)
            await self._decode(batch, places, events)
            for each, place in places.items():
                self._own.advance(*place, batch.next[each])  # the last offsets may be no records
            return events

    def _gap(self, batch: Batch, places: Mapping[Log, Place]) -> list[bytes]:
        """Tell of what the log does not have any more, and go on behind it."""
        offsets: dict[Place, tuple[int, int]] = {}
        reason = GapReason.RECREATED if self._replaced else GapReason.EXPIRED
        for log, place in places.items():
            if place in self._replaced:
                offsets[place] = (self._replaced[place], batch.begin[log])
            elif log in batch.lost:
                offsets[place] = batch.lost[log]
            self._own.advance(*place, batch.begin[log])
        self._replaced.clear()
        return [self._gap_event(offsets, reason)] if offsets else []

    def _gap_event(self, offsets: Gap, reason: GapReason) -> bytes:
        STREAM_GAPS.labels(reason=reason).inc()
        is_counted = reason is GapReason.EXPIRED and is_whole(self._channel.wanted)
        missed = sum(end - begin for begin, end in offsets.values()) if is_counted else None
        return self._channel.encoding.gap(gap_text(offsets, missed), self._own.encode(self._model))

    async def _decode(self, batch: Batch, places: Mapping[Log, Place], events: list[bytes]) -> None:
        """Add the events of a batch, made a few at a time: whatever is live goes first."""
        channel = self._channel
        for at in range(0, len(batch.messages), _SLICE):
            begun = time.perf_counter()
            for message in batch.messages[at : at + _SLICE]:
                self._own.advance(*places[message.topic(), message.partition()], message.offset() + 1)
                record = decode_result(message, self._names)
                if record and channel.wanted.matches(record.result):
                    head = channel.encoding.head(record)
                    events.append(channel.encoding.result(head, self._own.encode(self._model)))
            await asyncio.sleep(_REST * (time.perf_counter() - begun))

    def _from_memory(self, number: int) -> tuple[list[bytes], int]:
        """Events from entry `number` on that the client has not got, and the number behind those looked at."""
        window, channel, own = self._broadcaster.window, self._channel, self._own
        events, size, last = [], 0, min(window.next, number + _SCANNED)
        while number < last and size < CHUNK_BYTES:
            entry = window[number]
            record = entry.record
            number += 1
            if self._model not in (None, record.model) or record.offset < own.next(record.model, record.partition):
                continue
            own.advance(record.model, record.partition, record.offset + 1)
            if channel.wanted.matches(record.result):
                events.append(channel.event(entry, own.encode(self._model)))
                size += len(events[-1])
        return events, number

    def _catch_up(self) -> bool:
        """Pass over what is no result; whether the client has now come as far as all others.

        It has not where another replica has seen more of the logs than this one: then what comes is passed over.
        """
        live = self._broadcaster.positions
        is_live = True
        for model, partition, at in tuple(self._own):
            now = live.next(model, partition)
            if at < now:
                self._own.advance(model, partition, now)
            is_live = is_live and at <= now
        return is_live

    async def _come_down(self) -> list[bytes]:
        """For a client that has been ahead for long: where its log does not reach so far, it goes on at the end."""
        live = self._broadcaster.positions
        ahead = {self._log(model, part): (model, part) for model, part, at in self._own if at > live.next(model, part)}
        try:
            ends = await self._broadcaster.history.ends(ahead)
        except EnvironmentMissingError:
            return []
        offsets: dict[Place, tuple[int, int]] = {}
        for log, place in ahead.items():
            at = self._own.next(*place)
            if log not in ends:
                self._own.drop(place[0])  # the topic is gone
            elif at > ends[log]:
                offsets[place] = (at, ends[log])
                self._own.advance(*place, ends[log])
        return [self._gap_event(offsets, GapReason.AHEAD)] if offsets else []
