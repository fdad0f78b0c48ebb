"""A TCP proxy between clients and the broker, whose moods are what networks do: cut, delay, stall, half-close."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, Self

from deploy.local.ports import free_port

_CHUNK: Final = 64 * 1024
_QUEUE: Final = 64
"""Chunks under way in each direction: 4 MiB, then the sender feels that nobody reads."""
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST instead of FIN."""
_ANSWER_S: Final = 10.0

Delay = Callable[[], float]
"""Seconds that the next chunk takes, in its direction."""


class Proxy:
    """Forwards connections on `port` to `target()`; an event loop of its own in a thread, every call from outside.

    The target is asked for at each connection, since a broker may get another port when it starts again.
    """

    def __init__(self, target: Callable[[], int]) -> None:
        self.port = free_port()
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay: Delay | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ANSWER_S)
        self._loop.close()

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    def cut(self) -> None:
        """Reset every connection, and refuse new ones until `mend`."""
        self._call(self._cut())

    def reset(self) -> None:
        """Reset every connection; new ones are welcome."""
        self._call(self._reset())

    def stall(self) -> None:
        """Forward nothing, and close nothing, until `mend`: what was sent meanwhile arrives then."""
        self._call(self._set_stalled())

    def delay(self, delay: Delay) -> None:
        """From now on every chunk takes so long in its direction, in order, until `mend`."""
        self._call(self._set_delay(delay))

    def half_close(self, *, towards_broker: bool) -> int:
        """End one direction of every connection and leave the other open; how many connections that were.

        Towards the clients, they see an end and may still send. Towards the broker, it says good-bye to a client that
        never learns of it: whatever that one asks from now on is never answered.
        """
        closed: int = self._call(self._half_close(towards_broker))
        return closed

    def mend(self) -> None:
        """Forward everything at once again, and accept connections."""
        self._call(self._mend())

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        answer: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return answer.result(_ANSWER_S)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))  # one of ours, that asyncio does not look after
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:  # the broker is away: as if it were not behind us at all
            _abort(writer)
            return
        if self._server is None:  # cut while we connected
            _abort(writer)
            _abort(upstream[1])
            return
        connection = _Connection((reader, writer), upstream)
        self._open.add(connection)
        try:
            await connection.run(self._wait_turn)
        finally:
            self._open.discard(connection)

    async def _wait_turn(self, read_at: float) -> None:
        """Wait until a chunk that was read at `read_at` may go on."""
        if self._delay is not None:
            await asyncio.sleep(max(read_at + self._delay() - self._loop.time(), 0.0))
        await self._flowing.wait()

    async def _cut(self) -> None:
        await self._unlisten()
        await self._reset()

    async def _reset(self) -> None:
        for connection in tuple(self._open):
            connection.reset()

    async def _set_stalled(self) -> None:
        self._flowing.clear()

    async def _set_delay(self, delay: Delay) -> None:
        self._delay = delay

    async def _half_close(self, towards_broker: bool) -> int:
        closed = tuple(self._open)
        for connection in closed:
            connection.half_close(towards_broker=towards_broker)
        return len(closed)

    async def _mend(self) -> None:
        for connection in tuple(self._open):
            if connection.halved:
                connection.reset()  # a firewall that forgot a connection answers with RST sooner or later
        self._delay = None
        self._flowing.set()
        await self._listen()

    async def _close(self) -> None:
        await self._cut()
        self._flowing.set()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Turn = Callable[[float], Coroutine[Any, Any, None]]
Chunks = asyncio.Queue[tuple[float, bytes]]


class _Connection:
    """One client's connection and ours to the broker: two directions, each a reader and a writer with a queue."""

    def __init__(self, client: Stream, broker: Stream) -> None:
        self._client = client
        self._broker = broker
        self.halved = False

    async def run(self, turn: Turn) -> None:
        """Forward until either side ends."""
        up: Chunks = asyncio.Queue(_QUEUE)
        down: Chunks = asyncio.Queue(_QUEUE)
        # An end reaches the other side when all that was sent before it has; whoever is half closed stays so.
        writing = [
            asyncio.create_task(_write(self._broker[1], up, turn)),
            asyncio.create_task(_write(self._client[1], down, turn)),
        ]
        reading = [
            asyncio.create_task(_read(self._client[0], up)),
            asyncio.create_task(_read(self._broker[0], down)),
        ]
        try:
            await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
            if self.halved:
                await asyncio.wait(writing)
        finally:
            for task in (*reading, *writing):
                task.cancel()
            await asyncio.gather(*reading, *writing, return_exceptions=True)
            for _, writer in (self._client, self._broker):
                writer.close()

    def half_close(self, *, towards_broker: bool) -> None:
        """Say the end of one direction, and no more."""
        self.halved = True
        writer = (self._broker if towards_broker else self._client)[1]
        if not writer.transport.is_closing():
            writer.write_eof()

    def reset(self) -> None:
        """End both sides with RST."""
        for _, writer in (self._client, self._broker):
            _abort(writer)


async def _read(reader: asyncio.StreamReader, chunks: Chunks) -> None:
    loop = asyncio.get_running_loop()
    try:
        while chunk := await reader.read(_CHUNK):
            await chunks.put((loop.time(), chunk))
    except OSError:
        pass  # reset: as good as an end
    await chunks.put((loop.time(), b""))


async def _write(writer: asyncio.StreamWriter, chunks: Chunks, turn: Turn) -> None:
    try:
        while True:
            read_at, chunk = await chunks.get()
            await turn(read_at)
            if not chunk:
                return
            writer.write(chunk)
            await writer.drain()
    except (OSError, RuntimeError):  # RuntimeError: written to after its end was said
        return


def _abort(writer: asyncio.StreamWriter) -> None:
    plain: socket.socket = writer.get_extra_info("socket")
    if plain.fileno() >= 0:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
