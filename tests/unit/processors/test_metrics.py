"""What a worker exposes: names from the contract, and series that exist before anything happens."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from processors.metrics import WorkerMetrics
from schemas.ledger.outcome import Outcome
from schemas.messages import CropDrop, ModelReference, StageTimings
from schemas.names import Metric


def test_outcomes_stand_at_zero_before_the_first_frame() -> None:
    registry = CollectorRegistry()
    WorkerMetrics("m", registry)
    for outcome in ("inferred", "dead", "stale", "expired"):
        assert registry.get_sample_value(f"{Metric.PROCESSED}_total", {"model": "m", "outcome": outcome}) == 0
    assert registry.get_sample_value(Metric.WINDOW, {"model": "m"}) == 0


def test_crops_stand_at_zero_before_the_first_one_and_the_declared_pace_is_told() -> None:
    registry = CollectorRegistry()
    WorkerMetrics("m", registry, fps=12.5, followers=("pose",))
    for fate in ("delivered", *(reason.value for reason in CropDrop)):
        labels = {"model": "m", "follower": "pose", "fate": fate}
        assert registry.get_sample_value(f"{Metric.CROPS}_total", labels) == 0
    assert registry.get_sample_value(Metric.REPLICA_RATE, {"model": "m"}) == 12.5


def test_every_call_moves_its_series() -> None:
    registry = CollectorRegistry()
    metrics = WorkerMetrics("m", registry)
    metrics.processed(Outcome.STALE, 7)
    metrics.age(0.25)
    metrics.age(-0.5)
    metrics.stages(StageTimings(wait=9.0, decode=0.001, infer=0.02, outputs=0.003))
    metrics.stage("deliver", 0.004)
    metrics.network(ModelReference(name="m", version="abc", precision="f32", device="CPU"))
    metrics.window(3)
    metrics.window_full(0.5)
    metrics.error("KafkaError")

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"model": "m", **labels})

    assert value(f"{Metric.PROCESSED}_total", outcome="stale") == 7
    assert value(f"{Metric.FRAME_AGE}_sum") == 0.25
    assert value(f"{Metric.FRAME_AGE}_count") == 1
    assert value(f"{Metric.NEGATIVE_AGES}_total") == 1
    assert value(f"{Metric.STAGE_DURATION}_sum", stage="infer") == 0.02
    assert value(f"{Metric.STAGE_DURATION}_count", stage="deliver") == 1
    assert value(f"{Metric.STAGE_DURATION}_count", stage="wait") is None
    assert value(Metric.MODEL_INFO, version="abc", precision="f32", device="CPU") == 1
    assert value(Metric.WINDOW) == 3
    assert value(f"{Metric.WINDOW_FULL}_total") == 0.5
    assert value(f"{Metric.ERRORS}_total", kind="KafkaError") == 1


def test_two_workers_in_one_process_do_not_collide() -> None:
    first, second = CollectorRegistry(), CollectorRegistry()
    WorkerMetrics("m", first).processed(Outcome.DEAD)
    WorkerMetrics("m", second)
    labels = {"model": "m", "outcome": "dead"}
    values = [registry.get_sample_value(f"{Metric.PROCESSED}_total", labels) for registry in (first, second)]
    assert values == [1, 0]
