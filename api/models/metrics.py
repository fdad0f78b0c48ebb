"""What waits for each model's workers, for Prometheus: frames, and the age of the oldest, also where no worker runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.metrics import REGISTRY
from api.models.progress import Progress
from schemas.names import Metric


class LagMetrics(Collector):
    """Shows one answer of the broker as a whole; nothing while there is none: an old lag would be a lie."""

    def __init__(self) -> None:
        self._shown: Mapping[str, Progress] = {}

    def show(self, progress: Mapping[str, Progress]) -> None:
        """From now on this progress of each model."""
        self._shown = progress

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a scrape gives."""
        frames = GaugeMetricFamily(
            Metric.LAG_FRAMES, "Frames in the log that the model's workers have not committed.", labels=("model",)
        )
        age = GaugeMetricFamily(
            Metric.LAG_AGE,
            "Seconds since the broker appended the oldest of them, within a tenth; 0 where none waits.",
            labels=("model",),
        )
        for model, progress in self._shown.items():
            frames.add_metric((model,), progress.lag)
            if progress.age is not None:
                age.add_metric((model,), progress.age)
        yield from (frames, age)


LAG: Final = LagMetrics()
REGISTRY.register(LAG)
