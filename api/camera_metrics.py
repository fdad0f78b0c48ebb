"""How many cameras are in which state, for Prometheus: also those that no capture worker runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.metrics import REGISTRY
from schemas.names import Metric


class CameraMetrics(Collector):
    """Shows one count of the cameras; nothing while Kafka is not read: who is silent then is not known."""

    def __init__(self) -> None:
        self._shown: Counter[tuple[str, str]] = Counter()

    def show(self, cameras: Counter[tuple[str, str]]) -> None:
        """From now on these numbers of cameras by site and state."""
        self._shown = cameras

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a scrape gives."""
        family = GaugeMetricFamily(
            Metric.CAMERAS,
            "Cameras that are wanted by their state; silent: enabled, and capture has told nothing for 30 s.",
            labels=("site", "state"),
        )
        for (site, state), number in self._shown.items():
            family.add_metric((site, state), number)
        yield family


CAMERAS: Final = CameraMetrics()
REGISTRY.register(CAMERAS)
