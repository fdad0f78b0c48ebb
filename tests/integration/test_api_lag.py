"""The API tells Prometheus what waits for a model's workers, also where there are none."""

from __future__ import annotations

import time

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.kafka import EmbeddedKafka
from schemas.catalogue import Catalogue
from schemas.names import Metric
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World, wait_for


def told(client: httpx.Client) -> tuple[float, float] | None:
    """The frames that wait for the model, and the age of the oldest; None where nothing is told."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if sample.labels.get("model") == MODEL and family.name in (Metric.LAG_FRAMES, Metric.LAG_AGE)
    }
    return (samples[Metric.LAG_FRAMES], samples[Metric.LAG_AGE]) if samples else None


def test_the_lag_is_told_in_frames_and_in_the_age_of_the_oldest(
    kafka: EmbeddedKafka, settings: Settings, catalogue: Catalogue, world: World
) -> None:
    with serving(settings, catalogue) as client:
        assert told(client) == (0, 0)
        begun = time.time()
        world.frames("gate", 3)
        appended = time.time()
        world.frames("gate", 2, partition=1)

        def shown() -> tuple[float, float] | None:
            found, now = told(client), time.time()
            # The answer is at most a second old, which the API keeps it for.
            if not found or found[0] != 5 or now - appended < 2:
                return None
            return found if now - appended - 1.5 <= found[1] <= 1.11 * (now - begun) else None

        wait_for(shown)
        world.commit({0: 3})
        second = time.time()
        world.frames("gate", 1)
        world.commit({0: 3, 1: 2})
        wait_for(lambda: (lag := told(client)) and lag[0] == 1 and lag[1] <= 1.11 * (time.time() - second) + 0.1)
        world.commit({0: 4})
        wait_for(lambda: told(client) == (0, 0))
        kafka.stop()
        try:
            wait_for(lambda: told(client) is None, seconds=30)
        finally:
            kafka.start()
        wait_for(lambda: told(client) == (0, 0), seconds=30)
