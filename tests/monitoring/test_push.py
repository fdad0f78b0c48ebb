"""Metrics of sites that nobody can scrape, pushed to a real Pushgateway and scraped from there by a real Prometheus."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from deploy.cli.push import Pusher, grouping_key, pushing
from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.messages import Camera
from schemas.names import Metric
from schemas.settings import Settings
from tests.integration.api_world import MODEL
from tests.integration.capture_world import eventually
from tests.integration.metrics_kit import services
from tests.monitoring.dashboard import queries
from tests.monitoring.gateway_server import Gateway, running_gateway
from tests.monitoring.prometheus_server import running_prometheus
from tests.monitoring.promql import metrics_in

FAILURES = f"{Metric.PUSH_FAILURES}_total"


def counted() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("work", "What the test does.", registry=registry).inc(7)
    return registry


def test_a_group_is_there_while_the_service_runs_and_gone_after_its_orderly_end(
    pushgateway: Path, tmp_path: Path
) -> None:
    with running_gateway(pushgateway, tmp_path, free_port()) as gateway:
        settings = Settings(pushgateway=gateway.url, site="hall", slot=tmp_path / "second")
        with pushing(settings, "inference-m", counted()):
            ((labels, value),) = eventually(lambda: gateway.samples("work_total"), "a push")
            place = f"{socket.gethostname()}-second"
            assert labels == {"job": "framebus", "service": "inference-m", "site": "hall", "instance": place}
            assert value == 7
        assert gateway.samples("work_total") == []


def test_without_a_gateway_nothing_is_counted_and_no_thread_starts() -> None:
    registry = counted()
    with pushing(Settings(), "capture", registry):
        assert registry.get_sample_value(FAILURES) is None


def test_a_service_has_one_group_whenever_it_runs() -> None:
    settings = Settings(site="hall")
    expected = {"service": "capture", "site": "hall", "instance": socket.gethostname()}
    assert grouping_key(settings, "capture") == expected


def test_a_gateway_that_is_away_is_told_once_and_counted_and_used_when_it_comes(
    pushgateway: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, registry = free_port(), counted()
    caplog.set_level(logging.INFO, "deploy.cli.push")
    pusher = Pusher(f"http://127.0.0.1:{port}", {"site": "hall"}, registry)
    pusher.start(0.05)
    eventually(lambda: (registry.get_sample_value(FAILURES) or 0) >= 3, "three failures")
    with running_gateway(pushgateway, tmp_path, port) as gateway:
        eventually(lambda: gateway.samples("work_total"), "a push after all")
        ((_, failures),) = gateway.samples(FAILURES)
        assert failures >= 3
        pusher.close()
        assert gateway.samples("work_total") == []
    told = [record.message.split(" gateway=")[0] for record in caplog.records]
    assert told == ["metrics pushed", "metrics not pushed", "metrics pushed again"]


def test_a_gateway_that_never_answers_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        pusher = Pusher(url, {}, counted())
        pusher.start(1)
        connection, _ = silent.accept()
        with connection:
            pusher.close()
            assert pusher._thread is not None
            assert pusher._thread.is_alive(), "the end of the service did not wait for it"


def pushed(gateway: Gateway, service: str) -> bool:
    return any(labels["service"] == service for labels, _ in gateway.samples("push_time_seconds"))


@pytest.mark.timeout(300)
def test_capture_and_a_worker_push_and_what_they_push_is_what_is_scraped_elsewhere(
    pushgateway: Path, prometheus: Path, settings: Settings, installed: Callable[[str], None], tmp_path: Path
) -> None:
    installed(MODEL)
    worker = f"inference-{MODEL}"
    with running_gateway(pushgateway, tmp_path, free_port()) as gateway:
        edge = settings.model_copy(update={"pushgateway": gateway.url, "pushgateway_interval": 1.0})
        put_camera(settings, Camera(id="gate", source="pattern:160x120", models=(MODEL,), fps=10))
        with services(edge, tmp_path) as start:
            capture, inference = start("capture"), start("inference", "--model", MODEL)
            with running_prometheus(prometheus, tmp_path / "prometheus", [gateway.address]) as server:

                def value(query: str) -> float:
                    return float(next((one["value"][1] for one in server.query(query)), 0.0))

                inferred = f'{Metric.PROCESSED}_total{{outcome="inferred", service="{worker}", site="default"}}'
                eventually(lambda: value(inferred) > 20, "frames of an edge site", 60)
                assert value(f'{Metric.CAMERA_UP}{{camera="gate", service="capture"}}') == 1
                assert value(f'{Metric.BUILD_INFO}{{service="capture", job="framebus"}}') == 1
                asked = [query for _, query in queries() if "push_time_seconds" in metrics_in(query)]
                assert len(asked) == 1
                assert {one["metric"]["service"] for one in server.query(asked[0])} == {"capture", worker}

                capture.process.send_signal(signal.SIGTERM)
                assert capture.process.wait(30) == 0
                assert not pushed(gateway, "capture"), "it took its group away"
                inference.kill()
                assert pushed(gateway, worker), "who is killed leaves it"
        assert "metrics not pushed" not in capture.log.read_text()
