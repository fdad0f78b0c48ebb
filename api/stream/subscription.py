"""One client: sent from the window, woken for what it wants, and told when it was too slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from api.metrics import STREAM_GAPS, STREAM_MISSED
from api.stream.channel import Channel
from api.stream.encodings import gap_text
from api.stream.gaps import GapReason, between, is_whole
from api.stream.resumption import Resumption
from api.stream.window import Window


class Subscription:
    """What one client is still to be sent: all of it is in the window, so it costs no more than its last chunk."""

    def __init__(self, channel: Channel, window: Window, resumption: Resumption | None, begin: str | None) -> None:
        """A client of `channel`, which has come as far as the id `begin` says, or goes on by `resumption`."""
        self.channel = channel
        self.sent_at = 0.0
        self._window = window
        self._resumption = resumption
        self._begin = begin
        self._number: int | None = None
        """The entry to go on with, held; None while idle: then nothing is left that was published."""
        self._is_beat = False
        self._beat_id: str | None = None
        self._woken: asyncio.Future[None] | None = None
        self._ended = False
        if resumption is None:
            self._go_on(window.next)

    async def events(self) -> AsyncIterator[list[bytes]]:
        """What to send, as events to be sent at once, until the client or the service ends."""
        loop = asyncio.get_running_loop()
        encoding = self.channel.encoding
        if self._resumption is None:
            yield [encoding.hello, encoding.heartbeat(self._begin)]
        else:
            yield [encoding.hello]
            async for events in self._resumption.events():
                yield events
            self._resumption = None
            self._go_on(self._window.next)
        while True:
            self.sent_at = loop.time()
            events = self._take()
            if events:
                yield events
            elif self._ended:
                return
            elif await self._idle(loop):
                yield [encoding.heartbeat(self._beat_id)]

    def wake(self, number: int) -> None:
        """Entry `number` is there and wanted; what was published before it is not, if nothing else was left."""
        if self._number is None:
            self._go_on(number)
        self._stir()

    def beat(self, event_id: str | None) -> None:
        """Nothing is there: take the client on to `event_id`."""
        self._is_beat, self._beat_id = True, event_id
        self._go_on(self._window.next)
        self._stir()

    def end(self) -> None:
        """End after what is left."""
        self._ended = True
        self.channel.idle.discard(self)
        self._stir()

    def release(self) -> None:
        """The client has gone."""
        self.channel.idle.discard(self)
        if self._number is not None:
            self._window.release(self._number)
            self._number = None

    def _take(self) -> list[bytes]:
        number = self._number
        if number is None:
            return []
        if number < self._window.first:
            gap = self._gap(number)
            if gap:
                return gap
            number = self._window.first
        pending = self.channel.pending
        if pending is not None and number >= pending and not self._ended:
            return []  # it comes along with what is waited for
        events, behind = self.channel.chunk(number)
        self._go_on(behind)
        return events

    def _gap(self, number: int) -> list[bytes]:
        """Tell what was lost, and go on with the first that is left."""
        model = self.channel.wanted.model
        base = self._window.base
        offsets, is_renewed = between(self._window.lost(number), base, model)
        self._go_on(self._window.first)
        if not offsets:
            return []
        missed = sum(end - begin for begin, end in offsets.values())
        STREAM_GAPS.labels(reason=GapReason.RECREATED if is_renewed else GapReason.SLOW).inc()
        if not is_renewed:
            STREAM_MISSED.inc(missed)
        text = gap_text(offsets, missed if is_whole(self.channel.wanted) and not is_renewed else None)
        return [self.channel.encoding.gap(text, base.encode(model))]

    def _go_on(self, number: int) -> None:
        self._window.hold(number)
        if self._number is not None:
            self._window.release(self._number)
        self._number = number

    async def _idle(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Wait; whether it was for a heartbeat."""
        if self.channel.pending is None and self._number is not None:
            self._window.release(self._number)
            self._number = None
        self._is_beat = False
        self._woken = loop.create_future()
        self.channel.idle.add(self)
        await self._woken
        return self._is_beat

    def _stir(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)
