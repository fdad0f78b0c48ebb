"""A receiver of webhooks that fails as it is told: a real HTTP server, on a port that stays its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook

from deploy.local.ports import free_port


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> CloudEvent:
        """As the CloudEvents library reads it, in either mode."""
        event = from_http(HTTPMessage(headers=dict(self.headers), body=self.body), JSONFormat(), CloudEvent)
        assert isinstance(event, CloudEvent)
        return event

    def verify(self, secret: str) -> None:
        """As the Standard Webhooks library does it."""
        Webhook(secret).verify(self.body, dict(self.headers))


@dataclass(frozen=True)
class Reply:
    """What a request is answered, after so many seconds."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    after_s: float = 0.0


class Receiver:
    """Remembers every request, and which were taken; `reply` decides."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hooks/results"
        self.requests: list[Request] = []
        self.taken: list[Request] = []
        self.most_at_once = 0
        self.reply: Callable[[Request], Reply] = lambda _: Reply()
        self._at_once = 0
        self._lock = Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def ids(self) -> list[str]:
        """Of what was taken, in the order in which it came."""
        with self._lock:
            return [request.id for request in self.taken]

    def open(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = receiver._take(Request(time.time(), self.path, headers, body))
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                text = reply.text.encode()
                if reply.status != 204:
                    self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002  # the library's name

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None: ...  # clients are killed on purpose

        self._server = Server(("127.0.0.1", self.port), Handler)
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _take(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            reply = self.reply(request)
        time.sleep(reply.after_s)
        with self._lock:
            self._at_once -= 1
            if 200 <= reply.status < 300:
                self.taken.append(request)
        return reply


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.open()
    try:
        yield receiver
    finally:
        receiver.close()
