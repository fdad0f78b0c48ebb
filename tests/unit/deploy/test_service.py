from __future__ import annotations

import logging
import sys
import urllib.request
from importlib.metadata import version

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter

from deploy.cli.service import LineFormatter, serve_metrics, tell_build
from schemas.errors import EnvironmentMissingError
from schemas.names import Metric
from schemas.settings import Settings


def record(message: str, *arguments: object, failed: bool = False) -> logging.LogRecord:
    made = logging.LogRecord("producers.reader", logging.INFO, __file__, 1, message, arguments, None)
    made.created, made.msecs = 1_769_860_800.25, 250.0
    if failed:
        try:
            int("rtsp://me:secret@cam/1\nsecond line")
        except ValueError:
            made.exc_info = sys.exc_info()
    return made


def test_a_record_is_one_line_with_time_level_and_logger() -> None:
    line = LineFormatter().format(record("camera streaming camera=%s", "street"))
    assert line == "2026-01-31T12:00:00.250Z INFO producers.reader camera streaming camera=street"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("source=rtsp://me:secret@cam/1 state=failed", "source=rtsp://me:***@cam/1 state=failed"),
        ("a\nb\r\nc", "a\\nb\\nc"),
        ("source='http://x/?token=abc&n=1' ok", "source='http://x/?token=***&n=1' ok"),
    ],
)
def test_secrets_and_line_ends_do_not_get_through(message: str, expected: str) -> None:
    assert LineFormatter().format(record(message)).endswith(f"producers.reader {expected}")


def test_a_traceback_stays_on_its_line_and_keeps_no_secret() -> None:
    line = LineFormatter().format(record("broken", failed=True))
    assert "\n" not in line
    assert "ValueError" in line
    assert "secret" not in line


def test_metrics_are_served_where_the_settings_say(caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter("deploy_test_events", "Counts what the test does.")
    counter.inc()
    with caplog.at_level(logging.INFO, "deploy.cli.service"):
        serve_metrics(Settings(metrics_port=0), REGISTRY)
    address = caplog.messages[-1].removeprefix("metrics served address=")
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert b"deploy_test_events_total 1.0" in answer.read()
    port = int(address.split(":")[2].split("/")[0])
    with pytest.raises(EnvironmentMissingError, match=f"FRAMEBUS_METRICS_PORT={port} on 127.0.0.1: Address already in"):
        serve_metrics(Settings(metrics_port=port), REGISTRY)


def test_a_build_names_service_and_release() -> None:
    registry = CollectorRegistry()
    tell_build("capture", registry)
    labels = {"service": "capture", "version": version("framebus")}
    assert registry.get_sample_value(Metric.BUILD_INFO, labels) == 1


def test_without_a_port_there_are_no_metrics(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "deploy.cli.service"):
        serve_metrics(Settings(), REGISTRY)
    assert caplog.messages == []
