"""Traces by OpenTelemetry, an extra of the package: where they go is said by its own OTEL_… variables."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

from schemas.errors import SettingsError
from schemas.settings import Settings

_FAREWELL_S: Final = 2.0
"""How long the end of a service waits for its last spans to be taken."""


@contextmanager
def tracing(settings: Settings, service: str) -> Iterator[None]:
    """Trace the share of frames that the settings name while the block runs; without a share nothing is loaded.

    Raises:
        SettingsError: A share is named, and OpenTelemetry is not installed.
    """
    if not settings.trace_ratio:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415
        from opentelemetry.trace import set_tracer_provider  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"FRAMEBUS_TRACE_RATIO={settings.trace_ratio:g}: {error}; "
            "expected OpenTelemetry (pip install framebus[traces]), or 0"
        ) from None
    about = {
        "service.namespace": "framebus",
        "service.name": os.environ.get("OTEL_SERVICE_NAME", f"framebus-{service}"),
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
        "framebus.site": settings.site,
    }
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)),
        resource=Resource.create(about),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    set_tracer_provider(provider)
    try:
        yield
    finally:
        # A collector that is away must not hold up the end; what it then did not get is lost.
        last = Thread(target=provider.shutdown, name="traces-shutdown", daemon=True)
        last.start()
        last.join(_FAREWELL_S)
