from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from producers.metrics import CAMERA_LIMIT, OTHER, CaptureMetrics
from schemas.messages import CameraState, CaptureCounts, DropReason, PartitionRanges
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


def test_a_camera_stands_at_zero_before_its_first_frame() -> None:
    registry = CollectorRegistry()
    CaptureMetrics(registry).begin("a", ("m", "n"))
    for model in ("m", "n"):
        own = {"camera": "a", "model": model}
        names = (Metric.CAPTURED, Metric.DELIVERED, Metric.FAILED)
        assert [registry.get_sample_value(f"{name}_total", own) for name in names] == [0, 0, 0]
        for reason in DropReason:
            assert registry.get_sample_value(f"{Metric.DROPPED}_total", {**own, "reason": reason.value}) == 0


def test_only_a_camera_that_ought_to_stream_is_up_or_not() -> None:
    registry = CollectorRegistry()
    metrics = CaptureMetrics(registry)

    def up() -> float | None:
        return registry.get_sample_value(Metric.CAMERA_UP, {"camera": "a"})

    metrics.camera_gone("a")
    for state, expected in (
        (CameraState.CONNECTING, 0),
        (CameraState.STREAMING, 1),
        (CameraState.FAILED, 0),
        (CameraState.STILL, 1),
        (CameraState.STOPPED, None),
        (CameraState.STREAMING, 1),
        (CameraState.ENDED, None),
        (CameraState.STREAMING, 1),
    ):
        metrics.camera_state("a", state)
        assert up() == expected, state
    metrics.camera_gone("a")
    assert up() is None


def test_labels_are_bounded() -> None:
    registry = CollectorRegistry()
    metrics = CaptureMetrics(registry)
    for number in range(CAMERA_LIMIT + 5):
        metrics.counts(counts(f"camera-{number}"))
    assert registry.get_sample_value(f"{Metric.CAPTURED}_total", {"camera": OTHER, "model": "m"}) == 50
    assert registry.get_sample_value(f"{Metric.CAPTURED}_total", {"camera": "camera-0", "model": "m"}) == 10
    metrics.error("KafkaError")
    assert registry.get_sample_value(f"{Metric.ERRORS}_total", {"kind": "KafkaError"}) == 1
