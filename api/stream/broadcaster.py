"""Takes what the reader of the log finds, and hands each result to every client that wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from api.metrics import STREAM_CLIENTS
from api.result_record import ResultRecord
from api.store import ResultFilter
from api.stream.channel import Channel
from api.stream.encodings import Encoding
from api.stream.history import History
from api.stream.ids import MOST_CHARACTERS, EventId, EventIdError, Positions
from api.stream.news import News, TopicNews
from api.stream.resumption import Resumption
from api.stream.subscription import Subscription
from api.stream.window import Entry, Window
from schemas.errors import EnvironmentMissingError

HEARTBEAT_S: Final = 10.0
_BEAT_S: Final = 1.0
_READY_S: Final = 5.0


class Broadcaster:
    """Results for many clients at once; belongs to one event loop, and shares nothing with other replicas but Kafka."""

    def __init__(
        self,
        models: Iterable[str],
        history: History,
        *,
        limit: int,
        heartbeat_s: float = HEARTBEAT_S,
        window: Window | None = None,
    ) -> None:
        self.window = window or Window()
        self.positions = Positions()
        """Behind the newest of each partition."""
        self.history = history
        self.is_closed = False
        self._models = tuple(models)
        self._limit = limit
        self._heartbeat_s = heartbeat_s
        self._channels: dict[tuple[ResultFilter, Encoding, float], Channel] = {}
        self._clients: set[Subscription] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = asyncio.Event()

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    def bind(self) -> None:
        """Belong to the running event loop from now on."""
        self._loop = asyncio.get_running_loop()
        self._loop.call_later(_BEAT_S, self._beat)

    def open_from_thread(self, installation: bytes) -> None:
        """Every topic that exists has been told of; from any thread."""
        if self._loop is not None and not self.is_closed:
            self._loop.call_soon_threadsafe(self.open, installation)

    def open(self, installation: bytes) -> None:
        """As `open_from_thread`, in the event loop."""
        for each in (self.positions, self.window.base):
            each.installation = installation
        self._ready.set()

    def publish_from_thread(self, news: list[News]) -> None:
        """As `publish`, from any thread; without effect before `bind` and after `close`."""
        if self._loop is not None and not self.is_closed:
            self._loop.call_soon_threadsafe(self.publish, news)

    def publish(self, news: Iterable[News]) -> None:
        """Take what is new, in its order."""
        for one in news:
            if isinstance(one, TopicNews):
                self._take_topic(one)
                continue
            self.positions.advance(one.model, one.partition, one.offset + 1)
            if isinstance(one, ResultRecord):
                number = self.window.next
                self.window.append(Entry(one, self.id_of(None), self.id_of(one.model)))
                for channel in self._channels.values():
                    channel.publish(number)
        for channel in self._channels.values():
            channel.flush_at_once()

    def id_of(self, model: str | None) -> str:
        """The id of who has got everything so far, of `model` or of all."""
        return self.positions.encode(model)

    async def subscribe(
        self, wanted: ResultFilter, encoding: Encoding, *, last: str | None = None, coalesce_s: float = 0.0
    ) -> Subscription | None:
        """A new client, which goes on behind the event with the id `last`, or begins now.

        None when there are as many as there may be, or the service ends.

        Raises:
            EventIdError: `last` is no id of such a stream.
            EnvironmentMissingError: Kafka has not yet said how far the logs go.
        """
        parsed = EventId.parse(last) if last else None
        if parsed:
            await self._opened()
        own = parsed.positions(self.positions.installation, self._models, wanted.model) if parsed else None
        if self.is_closed or len(self._clients) >= self._limit:
            return None
        if (length := len(self.id_of(wanted.model))) > MOST_CHARACTERS:
            raise EventIdError(
                f"the ids of this stream have {length} characters: expected model=, for at most {MOST_CHARACTERS}"
            )
        key = (wanted, encoding, coalesce_s)
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = Channel(self.window, wanted, encoding, coalesce_s)
        channel.members += 1
        begin = self.id_of(wanted.model) if self._ready.is_set() else None
        client = Subscription(channel, self.window, Resumption(self, channel, own) if own else None, begin)
        self._clients.add(client)
        STREAM_CLIENTS.set(len(self._clients))
        return client

    def unsubscribe(self, client: Subscription) -> None:
        """The client has gone."""
        if client not in self._clients:
            return
        self._clients.discard(client)
        client.release()
        channel = client.channel
        channel.members -= 1
        if not channel.members:
            channel.close()
            del self._channels[channel.wanted, channel.encoding, channel.coalesce_s]
        STREAM_CLIENTS.set(len(self._clients))

    def close(self) -> None:
        """End every client's stream, so that the server need not wait for them."""
        self.is_closed = True
        for client in self._clients:
            client.end()

    async def _opened(self) -> None:
        try:
            async with asyncio.timeout(_READY_S):
                await self._ready.wait()
        except TimeoutError:
            raise EnvironmentMissingError(
                "Kafka has not yet said how far the results go, so no stream can be resumed: try again"
            ) from None

    def _take_topic(self, news: TopicNews) -> None:
        known = self.positions.incarnation(news.model)
        if known is None:
            for each in (self.positions, self.window.base):
                each.put(news.model, news.incarnation, list(news.starts))
        elif known == news.incarnation:
            for each in (self.positions, self.window.base):
                before = each.count(news.model)
                each.grow(news.model, len(news.starts))
                for partition in range(before, len(news.starts)):
                    each.advance(news.model, partition, news.starts[partition])
        else:
            self._renew(news)

    def _renew(self, news: TopicNews) -> None:
        """Nobody is sent the rest of a topic that is gone, and everybody hears of it."""
        hole = self.window.next
        self.positions.put(news.model, news.incarnation, list(news.starts))
        for channel in self._channels.values():
            channel.flush()
            for client in channel.idle:
                client.wake(hole)
            channel.idle.clear()
        self.window.renew(self.positions)

    def _beat(self) -> None:
        """Take idle clients on, and keep their connections open."""
        assert self._loop is not None  # noqa: S101  # bound: nobody else calls this
        if self.is_closed:
            return
        before = self._loop.time() - self._heartbeat_s
        for channel in self._channels.values():
            if channel.pending is not None:
                continue
            late = [client for client in channel.idle if client.sent_at <= before]
            if late:
                event_id = self.id_of(channel.wanted.model) if self._ready.is_set() else None
                for client in late:
                    client.beat(event_id)
                channel.idle.difference_update(late)
        self._loop.call_later(min(_BEAT_S, self._heartbeat_s), self._beat)
