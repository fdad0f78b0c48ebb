"""A collector of traces in this process: what a service's exporter sends by OTLP over HTTP, read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Received:
    """One span; times are in seconds since the epoch."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    begun: float
    ended: float
    failed: bool
    attributes: dict[str, Any]


class Collector:
    """What has come so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._spans: list[Received] = []
        self._lock = threading.Lock()

    def spans(self) -> list[Received]:
        with self._lock:
            return list(self._spans)

    def traces(self) -> dict[str, list[Received]]:
        """The spans by their trace."""
        found: dict[str, list[Received]] = {}
        for span in self.spans():
            found.setdefault(span.trace, []).append(span)
        return found

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        read = [
            Received(
                service=_attributes(group.resource.attributes)["service.name"],
                name=span.name,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                begun=span.start_time_unix_nano / 1e9,
                ended=span.end_time_unix_nano / 1e9,
                failed=span.status.code == span.status.STATUS_CODE_ERROR,
                attributes=_attributes(span.attributes),
            )
            for group in request.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._spans += read


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def running_collector() -> Iterator[Collector]:
    """The collector on a port of loopback, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            collector.take(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
