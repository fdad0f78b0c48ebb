from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from producers.metrics import CAMERA_LIMIT, OTHER, CaptureMetrics
from schemas.messages import CaptureCounts, DropReason, PartitionRanges
from schemas.names import Metric


def counts(camera: str) -> CaptureCounts:
    return CaptureCounts(
        camera=camera,
        model="m",
        run=0,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        first_seq=10,
        next_seq=20,
        dropped={DropReason.SUPERSEDED: 2},
        failed=1,
        delivered=(PartitionRanges.of(0, range(7)),),
    )


def test_the_records_numbers_are_the_metrics() -> None:
    registry = CollectorRegistry()
    metrics = CaptureMetrics(registry)
    metrics.counts(counts("a"))
    metrics.counts(counts("a"))
    own = {"camera": "a", "model": "m"}
    assert registry.get_sample_value(f"{Metric.CAPTURED}_total", own) == 20
    assert registry.get_sample_value(f"{Metric.DELIVERED}_total", own) == 14
    assert registry.get_sample_value(f"{Metric.FAILED}_total", own) == 2
    assert registry.get_sample_value(f"{Metric.DROPPED}_total", {**own, "reason": "superseded"}) == 4


def test_a_camera_that_is_gone_has_no_series() -> None:
    registry = CollectorRegistry()
    metrics = CaptureMetrics(registry)
    metrics.camera_gone("a")
    metrics.camera_up("a", True)
    assert registry.get_sample_value(Metric.CAMERA_UP, {"camera": "a"}) == 1
    metrics.camera_up("a", False)
    assert registry.get_sample_value(Metric.CAMERA_UP, {"camera": "a"}) == 0
    metrics.camera_gone("a")
    assert registry.get_sample_value(Metric.CAMERA_UP, {"camera": "a"}) is None


def test_labels_are_bounded() -> None:
    registry = CollectorRegistry()
    metrics = CaptureMetrics(registry)
    for number in range(CAMERA_LIMIT + 5):
        metrics.counts(counts(f"camera-{number}"))
    assert registry.get_sample_value(f"{Metric.CAPTURED}_total", {"camera": OTHER, "model": "m"}) == 50
    assert registry.get_sample_value(f"{Metric.CAPTURED}_total", {"camera": "camera-0", "model": "m"}) == 10
    metrics.error("KafkaError")
    assert registry.get_sample_value(f"{Metric.ERRORS}_total", {"kind": "KafkaError"}) == 1
