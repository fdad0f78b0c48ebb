"""Metrics to a Pushgateway, for services at sites that Prometheus cannot reach."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from threading import Event, Thread
from typing import Final

from prometheus_client import CollectorRegistry, Counter, delete_from_gateway, push_to_gateway

from schemas.names import Metric
from schemas.settings import Settings

log = logging.getLogger(__name__)

JOB: Final = "framebus"
_ANSWER_S: Final = 5.0
_FAREWELL_S: Final = 3.0
"""How long the end of a service waits for its group to be taken away."""


@contextmanager
def pushing(settings: Settings, service: str, registry: CollectorRegistry) -> Iterator[None]:
    """Push what `registry` has while the block runs, if the settings name a gateway, and then take it away again.

    A thread of its own does so: a gateway that is away or slow costs the service nothing.
    """
    if settings.pushgateway is None:
        yield
        return
    pusher = Pusher(settings.pushgateway, grouping_key(settings, service), registry)
    pusher.start(settings.pushgateway_interval)
    try:
        yield
    finally:
        pusher.close()


def grouping_key(settings: Settings, service: str) -> dict[str, str]:
    """What tells this process's metrics from all others', besides the job.

    The same after a restart, so that nothing is left over. Workers of one model on one machine have slots of their own.
    """
    host = socket.gethostname()
    place = f"{host}-{settings.slot.name}" if settings.slot else host
    return {"service": service, "site": settings.site, "instance": place}


class Pusher:
    """Pushes now and then; the first failure of a row is logged, each is counted."""

    def __init__(self, gateway: str, key: dict[str, str], registry: CollectorRegistry) -> None:
        self._gateway = gateway
        self._key = key
        self._registry = registry
        self._failures = Counter(Metric.PUSH_FAILURES, "Pushes that the Pushgateway did not take.", registry=registry)
        self._fails = False
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, interval_s: float) -> None:
        """Push now, and then each `interval_s` seconds."""
        self._thread = Thread(target=self._push_for_ever, args=(interval_s,), name="metrics-push", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Push no more, and take the group away, if the gateway answers in time."""
        self._stop.set()
        if self._thread:
            self._thread.join(_FAREWELL_S)

    def _push_for_ever(self, interval_s: float) -> None:
        log.info("metrics pushed gateway=%s every_s=%g", self._gateway, interval_s)
        while not self._stop.is_set():
            self._push()
            self._stop.wait(interval_s)
        try:
            delete_from_gateway(self._gateway, JOB, self._key, timeout=_FAREWELL_S)
        except (OSError, HTTPException) as error:
            log.warning("metrics left at the gateway gateway=%s error=%s", self._gateway, error)

    def _push(self) -> None:
        try:
            push_to_gateway(self._gateway, JOB, self._registry, self._key, timeout=_ANSWER_S)
        except Exception as error:  # whatever it is, the work goes on
            self._failures.inc()
            if not self._fails:
                log.warning("metrics not pushed gateway=%s error=%s", self._gateway, error)
            self._fails = True
        else:
            if self._fails:
                log.info("metrics pushed again gateway=%s", self._gateway)
            self._fails = False
