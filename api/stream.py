"""Results for many clients at once: each is encoded once, and a slow client loses its oldest and is told so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final

from fastapi.sse import format_sse_event

from api.metrics import STREAM_CLIENTS
from api.result_record import ResultRecord
from api.store import ResultFilter

RESULT_EVENT: Final = "result"
GAP_EVENT: Final = "gap"
_QUEUE: Final = 256
_CLIENTS: Final = 256
_HEARTBEAT_S: Final = 10.0
_HEARTBEAT: Final = b": heartbeat\n\n"
_HELLO: Final = b"retry: 1000\n\n"


def encode_event(record: ResultRecord) -> bytes:
    """The server-sent event of one result: its data are the record's bytes as they stand in the log.

    The id is the record's place in the results log, `model/partition/offset`. It is the same for every client and after
    a restart, so that a later version can go on after `Last-Event-ID`. This version promises less: a client that
    reconnects gets what is new from then on, and reads what it missed through `/api/v1/results`.
    """
    text = record.value.decode(errors="replace")
    return format_sse_event(data_str=text, event=RESULT_EVENT, id=record.id)


def encode_gap(missed: int) -> bytes:
    """The server-sent event that tells a slow client how many results it did not get."""
    return format_sse_event(data_str=f'{{"missed":{missed}}}', event=GAP_EVENT)


class Subscription:
    """What one client is still to be sent; bounded, the newest wins."""

    def __init__(self, wanted: ResultFilter, *, limit: int = _QUEUE) -> None:
        self.wanted = wanted
        self._limit = limit
        self._queue: deque[bytes] = deque()
        self._missed = 0
        self._closed = False
        self._wake = asyncio.Event()

    def offer(self, event: bytes) -> None:
        """Queue `event`; the oldest goes when the queue is full."""
        if len(self._queue) >= self._limit:
            self._queue.popleft()
            self._missed += 1
        self._queue.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the stream after what is queued."""
        self._closed = True
        self._wake.set()

    async def chunks(self, *, heartbeat_s: float = _HEARTBEAT_S) -> AsyncIterator[bytes]:
        """Bytes to send: everything that is queued at once, or a heartbeat after `heartbeat_s` seconds of nothing."""
        yield _HELLO
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), heartbeat_s)
            except TimeoutError:
                yield _HEARTBEAT
                continue
            chunk = self._take()
            if chunk:
                yield chunk
            elif self._closed:
                return

    def _take(self) -> bytes:
        gap = encode_gap(self._missed) if self._missed else b""
        chunk = gap + b"".join(self._queue)
        self._queue.clear()
        self._missed = 0
        if not self._closed:
            self._wake.clear()
        return chunk


class Broadcaster:
    """Hands each result to every client that wants it; belongs to one event loop."""

    def __init__(self, *, limit: int = _CLIENTS) -> None:
        self._limit = limit
        self._subscriptions: set[Subscription] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def bind(self) -> None:
        """Belong to the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    def publish_from_thread(self, records: list[ResultRecord]) -> None:
        """As `publish`, from any thread; without effect before `bind` and after `close`."""
        if self._loop is not None and not self._closed:
            self._loop.call_soon_threadsafe(self.publish, records)

    def publish(self, records: Iterable[ResultRecord]) -> None:
        """Hand `records` to the clients that want them."""
        if not self._subscriptions:
            return
        for record in records:
            event: bytes | None = None
            for subscription in self._subscriptions:
                if subscription.wanted.matches(record.result):
                    event = event or encode_event(record)
                    subscription.offer(event)

    def subscribe(self, wanted: ResultFilter) -> Subscription | None:
        """A new client; None when there are as many as there may be, or the service ends."""
        if self._closed or len(self._subscriptions) >= self._limit:
            return None
        subscription = Subscription(wanted)
        self._subscriptions.add(subscription)
        STREAM_CLIENTS.set(len(self._subscriptions))
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """The client has gone."""
        self._subscriptions.discard(subscription)
        STREAM_CLIENTS.set(len(self._subscriptions))

    def close(self) -> None:
        """End every client's stream, so that the server need not wait for them."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
