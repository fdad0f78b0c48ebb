"""A real server on a real socket, whose clients dawdle."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from api.web.patience import PatientProtocol

PATIENCE_S = 0.4
HEAD = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n"


class _Hurried(PatientProtocol):
    patience_s = PATIENCE_S


async def _slow_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes the whole body, and then longer than the server's patience."""
    message: Message = await receive()
    while message.get("more_body"):
        message = await receive()
    if message["type"] == "http.disconnect":
        return
    await asyncio.sleep(2 * PATIENCE_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_slow_answer, http=_Hurried, lifespan="off", log_config=None, timeout_keep_alive=30)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield int(listener.getsockname()[1])
    server.should_exit = True
    thread.join(10)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


def ends(connection: socket.socket) -> bool:
    """Whether the server closes the connection without an answer."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEAD[:20], id="half a head"),
        pytest.param(HEAD + b"ab", id="half a body"),
    ],
)
def test_a_request_that_never_ends_is_not_waited_for(port: int, said: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(said)
        assert ends(connection)


def test_a_byte_now_and_then_buys_no_time(port: int) -> None:
    with connected(port) as connection:
        connection.settimeout(0.05)
        end = time.monotonic() + 20
        for byte in HEAD * 100:
            assert time.monotonic() < end, "the server still waits"
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
        pytest.fail("the server took every byte")


def test_an_answer_may_take_longer_and_the_connection_serves_the_next_request(port: int) -> None:
    with connected(port) as connection:
        for _ in range(2):
            connection.sendall(HEAD)
            connection.sendall(b"body")
            answer = connection.recv(1000)
            while not answer.endswith(b"ok"):
                more = connection.recv(1000)
                assert more, answer
                answer += more
            assert answer.startswith(b"HTTP/1.1 200")


def test_the_second_request_of_a_connection_must_end_too(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"body")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.settimeout(20)
        connection.sendall(HEAD[:10])
        while received := connection.recv(1000):
            assert b"HTTP" not in received
