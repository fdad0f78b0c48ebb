"""Runs the API until it is told to end."""

from __future__ import annotations

import gc
import logging
import signal
import socket
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.access.access import check_doors
from api.app import create_app
from api.services import Services
from api.web.patience import CONNECTIONS, PatientProtocol, allow_files
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_HEARD_BYTES: Final = 1024
"""Of one message by a WebSocket's client, which has nothing to say."""
_COLLECTED: Final = (50_000, 20, 20)
"""Python's own thresholds have it look through everything that a thousand clients are made of many times a second."""
_BACKLOG: Final = 1024
"""Connections that are not accepted yet: after a restart every client of the stream comes at once."""
_FAREWELL_S: Final = 2
"""How long requests under way may take once the service is told to end."""


class _Server(uvicorn.Server):
    """Ends open streams at once, and leaves the exit code to us."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again when all is done: an orderly end would look like a crash.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("ending")
        services: Services = self._app.state.services
        services.broadcaster.close()
        await super().shutdown(sockets)


def run(settings: Settings, catalogue: Catalogue) -> int:
    """Serve on `api_host` and `api_port` until SIGTERM or SIGINT; returns the exit code.

    Raises:
        EnvironmentMissingError: The port is taken, the host is not ours, or there may be too few open files.
        SettingsError: Other machines could call it, and there is no token.
    """
    check_doors(settings)
    gc.set_threshold(*_COLLECTED)
    allow_files(settings.api_stream_clients + CONNECTIONS)
    listener = listen(settings)
    host, port = listener.getsockname()[:2]
    log.info("listening url=http://%s:%d/ kafka=%s", host, port, settings.bootstrap_servers)
    make_server(create_app(settings, catalogue), settings).run(sockets=[listener])
    return 0


def make_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """The server of `app`; it serves until its `should_exit` is set, or a signal sets it."""
    proxies = settings.api_trusted_proxies
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="websockets-sansio",
        ws_max_size=_HEARD_BYTES,
        ws_per_message_deflate=False,  # it would compress each message anew for each client
        limit_concurrency=settings.api_stream_clients + CONNECTIONS,
        log_config=None,  # our own logging is set up already, and says the same in one line
        log_level="warning",
        access_log=False,  # sixty pictures a second; the metrics count them
        timeout_graceful_shutdown=_FAREWELL_S,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
    )
    return _Server(config, app)


def listen(settings: Settings) -> socket.socket:
    """The socket that clients connect to.

    Raises:
        EnvironmentMissingError: The port is taken, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and an answer's body waits 40 ms for its head's delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.api_host, settings.api_port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{settings.api_host}:{settings.api_port}"
        raise EnvironmentMissingError(
            f"the API cannot listen on {where}: {error.strerror or error}; expected a free port (FRAMEBUS_API_PORT)"
        ) from None
    return listener
