"""Clients that want the same, in the same way: what they are sent is found once for all of them."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from api.store import ResultFilter
from api.stream.encodings import Encoding
from api.stream.window import Entry, Window

if TYPE_CHECKING:
    from api.stream.subscription import Subscription

CHUNK_BYTES: Final = 64 * 1024
"""About as much as one client is handed at once: what it has not taken yet is in memory for it alone."""

_CHUNKS: Final = 16
"""Those that clients in step share; who has fallen behind has one of its own."""


class Channel:
    """The clients of one filter, encoding and pace, in one event loop."""

    def __init__(self, window: Window, wanted: ResultFilter, encoding: Encoding, coalesce_s: float) -> None:
        self.wanted = wanted
        self.encoding = encoding
        self.idle: set[Subscription] = set()
        self.members = 0
        self.pending: int | None = None
        """The first entry that is wanted and that idle clients were not woken for."""
        self.coalesce_s = coalesce_s
        self._window = window
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = -math.inf
        self._chunks: dict[int, tuple[list[bytes], int]] = {}
        self._chunks_to = 0

    def publish(self, number: int) -> None:
        """Entry `number` is new: wake the clients for it, at once or when their last results are old enough."""
        if self.pending is not None or not self.wanted.matches(self._window[number].record.result):
            return
        self.pending = number
        self._window.hold(number)
        loop = asyncio.get_running_loop()
        wait = self._flushed_at + self.coalesce_s - loop.time()
        if wait > 0:
            self._timer = loop.call_later(wait, self.flush)

    def flush(self) -> None:
        """Wake the idle clients for what is pending."""
        number, self.pending, self._timer = self.pending, None, None
        if number is None:
            return
        self._flushed_at = asyncio.get_running_loop().time()
        for client in self.idle:
            client.wake(number)
        self.idle.clear()
        self._window.release(number)

    def flush_at_once(self) -> None:
        """As `flush`, where the clients do not wait for more to come along."""
        if self._timer is None:
            self.flush()

    def chunk(self, number: int) -> tuple[list[bytes], int]:
        """Events from entry `number` on, about `CHUNK_BYTES` of them, and the number of the first entry behind them."""
        if self._chunks_to != self._window.next:
            self._chunks.clear()
            self._chunks_to = self._window.next
        found = self._chunks.get(number)
        if found is None:
            if len(self._chunks) >= _CHUNKS:
                self._chunks.clear()
            found = self._chunks[number] = self._make(number)
        return found

    def event(self, entry: Entry, event_id: str) -> bytes:
        """The event of an entry."""
        return self.encoding.result(entry.head(self.encoding), event_id)

    def close(self) -> None:
        """Nobody is left."""
        if self._timer:
            self._timer.cancel()
        if self.pending is not None:
            self._window.release(self.pending)

    def _make(self, number: int) -> tuple[list[bytes], int]:
        events, size, of_one = [], 0, self.wanted.model is not None
        for at in self._window.numbers(number):
            entry = self._window[at]
            if self.wanted.matches(entry.record.result):
                events.append(self.event(entry, entry.id_of_one if of_one else entry.id_of_all))
                size += len(events[-1])
                if size >= CHUNK_BYTES:
                    return events, at + 1
        return events, self._window.next
