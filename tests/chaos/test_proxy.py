"""The proxy does to a connection what it says: the suite's faults are real."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    """Gives back what it gets, and says how its connection ended."""

    ends: list[str]

    def handle(self) -> None:
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
            self.ends.append("end")
        except ConnectionResetError:
            self.ends.append("reset")


@pytest.fixture
def echo() -> Iterator[int]:
    Echo.ends = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    with Proxy(lambda: echo) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        assert ask(connection, b"hello") == b"hello"
        yield connection


def ask(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data):
        answer += connection.recv(65536)
    return answer


def ended(what: str) -> bool:
    deadline = time.monotonic() + 5
    while Echo.ends != [what] and time.monotonic() < deadline:
        time.sleep(0.01)
    return Echo.ends == [what]


def test_large_data_come_back_in_order(client: socket.socket) -> None:
    data = bytes(range(256)) * 8192
    threading.Thread(target=client.sendall, args=(data,), daemon=True).start()
    answer = b""
    while len(answer) < len(data):
        answer += client.recv(65536)
    assert answer == data


def test_an_end_is_handed_on(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    assert ended("end")


def test_a_cut_resets_and_refuses_until_it_is_mended(proxy: Proxy, client: socket.socket) -> None:
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert ended("reset")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    proxy.mend()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as again:
        assert ask(again, b"back") == b"back"


def test_a_delay_holds_each_way_and_keeps_the_order(proxy: Proxy, client: socket.socket) -> None:
    proxy.delay(lambda: 0.2)
    begun = time.monotonic()
    assert ask(client, b"slow") == b"slow"
    assert time.monotonic() - begun >= 0.4
    proxy.mend()
    begun = time.monotonic()
    assert ask(client, b"fast") == b"fast"
    assert time.monotonic() - begun < 0.2


def test_what_stalls_arrives_when_it_is_mended(proxy: Proxy, client: socket.socket) -> None:
    proxy.stall()
    client.sendall(b"held")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    proxy.mend()
    client.settimeout(5)
    assert client.recv(65536) == b"held"


def test_half_closed_towards_the_client_it_may_still_send(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.half_close(towards_broker=False) == 1
    assert client.recv(1) == b""
    client.sendall(b"still here")
    assert not Echo.ends


def test_half_closed_towards_the_broker_nobody_answers_and_mending_resets(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.half_close(towards_broker=True) == 1
    assert ended("end")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    proxy.mend()
    client.settimeout(5)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_target_that_is_away_looks_like_a_broken_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[1]
    with (
        Proxy(lambda: nobody) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client,
        pytest.raises(ConnectionResetError),
    ):
        client.recv(1)
