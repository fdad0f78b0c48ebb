"""A real Prometheus scrapes real services: every query of the dashboard has an answer, and every rule works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from confluent_kafka import Producer

from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.messages import Camera
from schemas.names import Metric
from schemas.settings import Settings
from tests.integration.api_world import MODEL, frame_info
from tests.integration.capture_world import eventually
from tests.integration.metrics_kit import Service, services
from tests.integration.receiver_server import receiving
from tests.integration.sink_kit import with_sink
from tests.monitoring.dashboard import for_all, label_values, queries
from tests.monitoring.exposed import FOREIGN, exposed
from tests.monitoring.prometheus_server import Prometheus, running_prometheus
from tests.monitoring.promql import metrics_in
from tests.monitoring.test_rules import ALERTS, RECORDS, RULES

CAMERAS = ("gate", "door")
ODD = {"FramebusDeadLetters", "FramebusErrors"}
"""What the two odd frames cause."""
CROWDED = {"FramebusFramesOld", "FramebusSkips", "FramebusCaptureDropping", "FramebusLagOld", "FramebusPaceOverstated"}
"""What a machine that others share may cause."""
EXCUSED = ODD | CROWDED
JPEG = cv2.imencode(".jpg", np.full((120, 160, 3), 90, np.uint8))[1].tobytes()


def put_oddities(settings: Settings) -> None:
    """A frame that is no JPEG, and one that names a second stage which nobody knows: a dead letter and an error."""
    producer = Producer(settings.librdkafka())
    small = replace(frame_info("stranger", 0), width=160, height=120)
    for number, (value, info) in enumerate(((b"no JPEG", small), (JPEG, replace(small, seq=1, followers=("nobody",))))):
        producer.produce(settings.names.frames(MODEL), value, partition=number, headers=info.encode())
    assert producer.flush(20) == 0


def unanswered(server: Prometheus) -> list[str]:
    """The queries without an answer; what only others have is not here, and is not asked."""
    asked = [(title, for_all(query)) for title, query in queries() if not metrics_in(query) & FOREIGN.keys()]
    return [f"{title}: {query}" for title, query in asked if not server.query(query)]


def check_labels(server: Prometheus) -> None:
    """Each metric is there with the labels that the code says, and `job` and `instance` of the scrape."""
    said: dict[str, set[frozenset[str]]] = defaultdict(set)
    for metric in exposed():
        said[metric.name + {"histogram": "_count"}.get(metric.kind, "")].add(frozenset(metric.labels))
    for name, labels in said.items():
        found = {frozenset(one["metric"]) - {"__name__", "job", "instance"} for one in server.query(name)}
        assert found, name
        assert found <= labels, name


def check_values(server: Prometheus, fps: float) -> None:
    """What is shown is what happens: two cameras of 10 fps, all of it worked on by one worker of the declared pace."""

    def near() -> bool:
        (arrival,) = [float(one["value"][1]) for one in server.query(f'framebus:arrival:rate30s{{model="{MODEL}"}}')]
        return 17 <= arrival <= 23

    eventually(near, "the arrival of two cameras", 60)
    (capacity,) = server.query(f'framebus:capacity:sum{{model="{MODEL}"}}')
    assert float(capacity["value"][1]) == fps
    for name in ("model", "camera"):
        selector, label = label_values(name)
        values = {one["metric"][label] for one in server.query(for_all(selector))}
        assert values >= ({MODEL} if name == "model" else {*CAMERAS})


def by_name(server: Prometheus) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in server.rules()}


def alerting(server: Prometheus) -> set[str]:
    """The alerts that fire, or will if nothing changes."""
    return {name for name, rule in by_name(server).items() if rule.get("state") in ("pending", "firing")}


@pytest.mark.timeout(300)
def test_every_query_of_the_dashboard_has_an_answer_and_every_rule_works(
    prometheus: Path, settings: Settings, installed: Callable[[str], None], tmp_path: Path
) -> None:
    installed(MODEL)
    given = settings.model_copy(update={"pushgateway": f"http://127.0.0.1:{free_port()}"})  # nobody there: failures
    with receiving() as receiver, services(with_sink(given, receiver.url), tmp_path) as start:
        running: list[Service] = [start("capture"), start("inference", "--model", MODEL), start("api")]
        running.append(start("sink", "--name", "doors", "--model", MODEL))
        targets = [service.address for service in running]
        rules = sorted(RULES.glob("*.yaml"))
        with running_prometheus(prometheus, tmp_path / "prometheus", targets, rules) as server:
            eventually(lambda: len(server.query("up == 1")) == 4, "all services are scraped", 60)
            eventually(lambda: server.query(Metric.MODEL_INFO), "the worker is there, so that nothing waits for it")
            put_oddities(settings)
            for name in CAMERAS:
                put_camera(settings, Camera(id=name, source="pattern:160x120", models=(MODEL,), fps=10))
            eventually(lambda: server.query(f"{Metric.ERRORS}_total"), "an error is told")
            try:
                eventually(lambda: not unanswered(server), "an answer to every query", 90)
            except AssertionError:
                assert unanswered(server) == []  # says which
                raise
            check_labels(server)
            check_values(server, fps=Catalogue().get(MODEL).replicas.fps)

            states = by_name(server)
            assert states.keys() == ALERTS.keys() | RECORDS.keys()
            assert {name: rule["lastError"] for name, rule in states.items() if rule["health"] != "ok"} == {}
            assert alerting(server) <= EXCUSED, "all is well but for the two odd frames"

            put_camera(settings, Camera(id="broken", source=str(tmp_path / "nothing.avi"), models=(MODEL,)))
            running[1].kill()
            expected = {"FramebusCameraDown", "FramebusNoWorker"}
            eventually(lambda: alerting(server) >= expected, "alerts on what is broken", 60)
            assert alerting(server) <= EXCUSED | expected, "and on nothing else"
            running[0].kill()
            expected = {"FramebusCamerasSilent", "FramebusCaptureMissing", "FramebusNoWorker"}
            eventually(lambda: alerting(server) >= expected, "alerts on cameras that nobody runs", 60)
            assert alerting(server) <= EXCUSED | expected, "and a camera that nobody runs is not down beside that"
