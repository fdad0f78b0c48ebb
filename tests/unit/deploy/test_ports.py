from __future__ import annotations

import socket

from deploy.local.ports import free_port, is_free


def test_a_port_where_somebody_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_a_free_port_is_below_those_of_clients() -> None:
    port = free_port()
    assert 20_000 <= port < 32_768
    assert free_port(but=port) != port
