"""Closes connections whose requests never come to an end: uvicorn waits for their heads and bodies for ever."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S: Final = 10.0
"""How long a request may take to arrive, from the connection's or its own first byte to its last."""
CONNECTIONS: Final = 512
"""Connections at once, streams among them; who comes then gets a 503. Half of what a process may usually open."""

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
        """Between two requests uvicorn's own limit holds, until the first byte of the next."""
        if self.conn.their_state not in _ARRIVING or self.transport.is_closing():
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience_s, self.transport.abort)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
