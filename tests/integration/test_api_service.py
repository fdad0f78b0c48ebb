"""The API as a process: it ends orderly whatever its clients do, and outlives its broker."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api import service
from api.audit.auditor import Auditor
from deploy import topics
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.messages import FrameAddress
from schemas.settings import Settings
from tests.integration.api_client import address_of, serving, streaming
from tests.integration.api_replica import replicas
from tests.integration.api_world import MODEL, World, wait_for


@contextmanager
def process(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """The service in a process of its own, and a client once it answers."""
    with replicas(settings) as (replica,), httpx.Client(base_url=replica.url, timeout=30) as client:
        yield replica.running, client


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_at_once_though_streams_are_open(settings: Settings, sig: signal.Signals) -> None:
    with process(settings) as (running, client), streaming(client) as first, streaming(client) as second:
        asked = time.monotonic()
        running.send_signal(sig)
        assert list(first) == list(second) == []  # both end, orderly
        _, errors = running.communicate(timeout=10)
        took = time.monotonic() - asked
    assert running.returncode == 0, errors
    assert errors == ""
    assert took < 3


def test_no_answer_waits_for_a_delayed_acknowledgement(settings: Settings, catalogue: Catalogue) -> None:
    World(settings).frame("gate", 0)
    with serving(settings, catalogue) as client:

        def seconds() -> float:
            asked = time.perf_counter()
            assert client.get(f"/api/v1/frames/{MODEL}/0/0").status_code == 200
            return time.perf_counter() - asked

        # With Nagle's algorithm not one would take less than the 40 ms of a delayed ACK.
        assert min(seconds() for _ in range(20)) < 0.03


def test_a_port_that_is_taken_is_named(settings: Settings, catalogue: Catalogue) -> None:
    with serving(settings, catalogue, ready=False) as client:
        taken = settings.model_copy(update={"api_port": client.base_url.port})
        with pytest.raises(EnvironmentMissingError, match=rf"127.0.0.1:{client.base_url.port}: .*expected a free port"):
            service.run(taken, Catalogue())


def test_a_broker_that_has_never_had_a_group_is_audited_at_once(tmp_path: Path, catalogue: Catalogue) -> None:
    """The first request for a group's offsets is never answered: it must be asked again, not waited for."""
    with EmbeddedKafka(tmp_path, KafkaRuntime.prepare(Settings())) as fresh:
        settings = Settings(bootstrap_servers=fresh.bootstrap_servers, prefix="fresh.")
        topics.apply(settings, catalogue)
        auditor = Auditor(settings, catalogue)
        auditor.refresh(deadline_s=10)
        assert auditor.balance().is_clean
        auditor.close()


def test_a_stream_goes_on_when_the_broker_comes_back(
    kafka: EmbeddedKafka, settings: Settings, catalogue: Catalogue
) -> None:
    world = World(settings)
    with serving(settings, catalogue) as client, streaming(client) as stream:
        world.result("gate", FrameAddress(MODEL, 0, 0))
        assert address_of(next(stream)) == f"{MODEL}/0/0"
        kafka.stop()
        try:
            wait_for(lambda: "gave no topics" in client.get("/readyz").text, seconds=30)
            assert client.get("/api/v1/results").json()["results"]
        finally:
            kafka.start()
        wait_for(lambda: client.get("/readyz").status_code == 200, seconds=60)
        World(settings).result("gate", FrameAddress(MODEL, 0, 2))
        assert address_of(next(stream)) == f"{MODEL}/0/2"
