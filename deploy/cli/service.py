"""What every service gets from its entry point: one-line logs without secrets, and a page of metrics."""

from __future__ import annotations

import logging
import re
import sys
import time
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, start_http_server

from schemas.errors import EnvironmentMissingError
from schemas.names import Metric
from schemas.redaction import redact
from schemas.settings import Settings

log = logging.getLogger(__name__)

_NOISY: Final = ("aiokafka", "asyncio", "faust", "mode", "uvicorn.access")
"""Libraries whose INFO tells an operator nothing; what they warn of is shown."""
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"]+")


class LineFormatter(logging.Formatter):
    """`time LEVEL logger message`, always one line, with the passwords of URLs hidden wherever they come from."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        if record.exc_info:
            text += f" traceback={self.formatException(record.exc_info)!r}"
        one_line = text.replace("\r", "").replace("\n", "\\n")
        return _URL.sub(lambda url: redact(url[0]), one_line)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # logging's name
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def set_up_logging(level: str) -> None:
    """Send every log record to stderr as one line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.captureWarnings(True)


def tell_build(service: str, registry: CollectorRegistry) -> None:
    """Have a process's metrics say which service it is, and of which release; to be called once for each process."""
    told = Gauge(Metric.BUILD_INFO, "The service and its release: always 1.", ("service", "version"), registry=registry)
    told.labels(service, version("framebus")).set(1)


def serve_metrics(settings: Settings, registry: CollectorRegistry) -> None:
    """Serve this process's metrics for Prometheus, if a port is set; port 0 takes a free one and logs it.

    Raises:
        EnvironmentMissingError: The port is taken.
    """
    if settings.metrics_port is None:
        return
    try:
        server, _ = start_http_server(settings.metrics_port, settings.metrics_host, registry)
    except OSError as error:
        raise EnvironmentMissingError(
            f"FRAMEBUS_METRICS_PORT={settings.metrics_port} on {settings.metrics_host}: {error.strerror}; "
            "expected a free port, or 0 to have one chosen"
        ) from error
    log.info("metrics served address=http://%s:%d/metrics", settings.metrics_host, server.server_port)
