"""How models keep up with what arrives, and what there is of Kafka, as an HTTP client hears of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.kafka import EmbeddedKafka
from schemas.catalogue import Catalogue
from schemas.messages import SkipReason
from schemas.settings import Settings
from tests.integration.api_client import serving, streaming
from tests.integration.api_world import MODEL, World, wait_for
from tests.integration.streaming_kit import Frames, workers

URL = f"/api/v1/models/{MODEL}"


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def entry(client: httpx.Client) -> dict[str, Any]:
    body: dict[str, Any] = client.get(URL).json()
    return body


def test_rates_lag_and_workers_of_a_model(client: httpx.Client, frames: Frames, world: World, tmp_path: Path) -> None:
    quiet = wait_for(lambda: (one := entry(client))["arrival_fps"] is not None and one)
    assert [quiet[name] for name in ("arrival_fps", "inferred_fps", "skipped_fps", "lag_s", "replicas")] == [0] * 5
    assert (quiet["capacity_fps"], quiet["capacity_known_by"]) == (0, "catalogue")
    assert (quiet["replicas_min"], quiet["replicas_max"], quiet["follows"]) == (1, 4, None)
    assert client.get("/api/v1/models/pose").json()["follows"] == MODEL
    begun = time.time()
    frames.put_many(1_200)
    behind = wait_for(lambda: (one := entry(client))["arrival_fps"] and one["lag"] == 1_200 and one)
    assert behind["arrival_fps"] > 20
    assert wait_for(lambda: 1 < entry(client)["lag_s"] <= 1.11 * (time.time() - begun) + 1)
    world.skip(SkipReason.STALE, "gate", frames.sent[:300])
    with workers(world.settings, tmp_path) as start:
        start(delay=0.6, slow=0.6).wait_assigned()  # 32 at once: some 50 frames a second
        busy = wait_for(lambda: (one := entry(client))["capacity_known_by"] == "measured" and one, seconds=60)
        assert busy["replicas"] == 1
        assert 20 < busy["capacity_fps"] < 120
        assert busy["inferred_fps"] > 10
        wait_for(lambda: entry(client)["lag"] == 0, seconds=90)
    samples = client.get(f"{URL}/history?minutes=60").json()
    assert samples["step_s"] == 5.0
    seen = samples["samples"]
    moments = [datetime.fromisoformat(one["at"]) for one in seen]
    assert moments == sorted(moments)
    assert max(one["skipped_fps"] or 0 for one in seen) > 20
    assert max(one["lag"] for one in seen) == 1_200
    assert {one["replicas"] for one in seen} == {0, 1}
    assert len(client.get(f"{URL}/history?minutes=1").json()["samples"]) <= 12


def test_without_kafka_nothing_is_claimed(client: httpx.Client, kafka: EmbeddedKafka, world: World) -> None:
    wait_for(lambda: entry(client)["arrival_fps"] is not None)
    reached = client.get("/api/v1/system").json()
    assert reached["kafka"] == {"reachable": True, "brokers": 1, "trouble": None}
    kafka.stop()
    try:
        wait_for(lambda: entry(client)["replicas"] is None, seconds=30)
        nothing = entry(client)
        assert [nothing[name] for name in ("arrival_fps", "capacity_fps", "lag", "lag_s")] == [None] * 4
        away = wait_for(lambda: (one := client.get("/api/v1/system").json())["kafka"]["trouble"] and one, seconds=30)
        assert (away["kafka"]["reachable"], away["kafka"]["brokers"], away["topics"]) == (False, None, [])
        gap = client.get(f"{URL}/history").json()["samples"][-1]
        assert {value for name, value in gap.items() if name != "at"} == {None}
    finally:
        kafka.start()
    wait_for(lambda: entry(client)["replicas"] == 0, seconds=30)


def test_models_that_are_none(client: httpx.Client) -> None:
    for path, status in (("nothing", 404), ("nothing/history", 404), (f"{MODEL}/history?minutes=0", 422), ("X", 422)):
        answer = client.get(f"/api/v1/models/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path


def test_the_system_and_its_topics(client: httpx.Client, world: World) -> None:
    with streaming(client):
        body = client.get("/api/v1/system").json()
    assert (body["role"], body["stream_clients"]) == ("operator", 1)
    assert abs(datetime.fromisoformat(body["started_at"]).timestamp() - time.time()) < 60
    topics = {topic["name"]: topic for topic in body["topics"]}
    frames, cameras = topics[world.names.frames(MODEL)], topics[world.names.cameras]
    assert (frames["kind"], frames["partitions"], frames["retention_s"]) == ("frames", 4, 600.0)
    assert frames["limit_bytes"] > 1_000_000
    assert (cameras["kind"], cameras["retention_s"], cameras["bytes"]) == ("cameras", None, None)
    kinds = {topic["kind"] for topic in body["topics"]}
    assert kinds == {
        "frames", "results", "captures", "skips", "dead-letters", "redrives", "cameras", "camera-status"
    }  # fmt: skip
