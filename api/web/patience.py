"""What connections may cost: those whose requests never come to an end are closed, and there are only so many."""

from __future__ import annotations

import asyncio
import resource
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from schemas.errors import EnvironmentMissingError

REQUEST_S: Final = 10.0
"""How long a request may take to arrive, from the connection's or its own first byte to its last."""
CONNECTIONS: Final = 256
"""Connections at once, besides those that streams may be; who comes then gets a 503."""
_FILES: Final = 256
"""What else the process opens: Kafka's connections, the page's files, logs."""

_ARRIVING: Final = frozenset({h11.IDLE, h11.SEND_BODY})


class PatientProtocol(H11Protocol):
    """HTTP/1.1 of a server that waits for a request only so long; its answer may take any time."""

    patience_s: float = REQUEST_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # the parent's own
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent's
        super().connection_made(transport)
        self._mind()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._mind()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _mind(self) -> None:
        """Between two requests uvicorn's own limit holds, until the first byte of the next.

        A connection that has become a WebSocket is another protocol's.
        """
        is_ours = self.transport.get_protocol() is self
        if not is_ours or self.conn.their_state not in _ARRIVING or self.transport.is_closing():
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience_s, self.transport.abort)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def allow_files(connections: int) -> None:
    """Let this process open as many files as `connections` need.

    Raises:
        EnvironmentMissingError: It may not, and may not allow itself to.
    """
    needed = connections + _FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise EnvironmentMissingError(
            f"this process may open {hard} files, and needs {needed} for {connections} connections: expected a higher "
            "limit (ulimit -Hn), or a lower FRAMEBUS_API_STREAM_CLIENTS"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
