"""Each trigger alone, and what happens when one of those who decide is gone."""

from __future__ import annotations

import pytest

from deploy.scaling.rule import Thresholds
from tests.cluster.keda import ADAPTER, OPERATOR
from tests.cluster.recorder import changes
from tests.cluster.system import FPS, LAGGED, PACED, System, wanted

HIGH = 14.0
UNDER_ONE, OVER_ONE = 3.0, 4.6
"""One replica infers both, and keeps its lag down; but the second leaves less in reserve than the rule wants."""
HELD_S = 60.0
"""Twice the window in which the autoscaler would have given back replicas."""


def has_condition(system: System, model: str, name: str) -> bool:
    """Whether KEDA says so of a model's ScaledObject."""
    conditions = system.release.scaled_object(model)["status"]["conditions"]
    return any(one["type"] == name and one["status"] == "True" for one in conditions)


@pytest.mark.timeout(600)
def test_the_arrival_rate_alone_adds_a_replica_before_anything_waits(system: System) -> None:
    system.load(PACED, UNDER_ONE)
    system.await_replicas(PACED, 1, 1, deadline_s=240)
    begun = system.recorder.now()
    system.load(PACED, OVER_ONE)
    system.await_replicas(PACED, wanted(OVER_ONE), wanted(OVER_ONE), deadline_s=90)
    assert wanted(OVER_ONE) == 2
    alone = [one.lag for one in system.recorder.samples(PACED, since=begun) if one.replicas == 1]
    assert max(alone) < Thresholds.of(FPS).lag


@pytest.mark.timeout(600)
def test_the_lag_alone_wakes_a_model_and_adds_replicas(system: System) -> None:
    triggers = system.release.scaled_object(LAGGED)["spec"]["triggers"]
    assert [one["type"] for one in triggers] == ["kafka"]
    system.await_replicas(LAGGED, 0, 0, deadline_s=180)
    system.load(LAGGED, 1.6 * FPS)
    system.await_replicas(LAGGED, 2, 6, deadline_s=90)
    system.wait(lambda: system.last(LAGGED).lag <= 2 * Thresholds.of(FPS).lag, deadline_s=60, what="less lag")
    system.load(LAGGED, 0)
    system.await_replicas(LAGGED, 0, 0, deadline_s=240)


@pytest.mark.timeout(600)
def test_without_prometheus_nobody_is_taken_away(system: System) -> None:
    system.load(PACED, HIGH)
    system.await_replicas(PACED, wanted(HIGH), wanted(HIGH) + 1, deadline_s=180)
    system.world.prometheus.kill()
    system.recorder.mark("Prometheus killed")
    system.wait(lambda: has_condition(system, PACED, "Fallback"), deadline_s=60, what="the fallback", model=PACED)
    begun = system.recorder.now()
    system.await_time(begun + HELD_S)
    assert changes(system.recorder.samples(PACED, since=begun)) == []
    system.world.prometheus.start()
    system.recorder.mark("Prometheus started")
    system.wait(lambda: not has_condition(system, PACED, "Fallback"), deadline_s=90, what="no fallback", model=PACED)
    system.await_replicas(PACED, wanted(HIGH), wanted(HIGH) + 1, deadline_s=90)


@pytest.mark.timeout(600)
def test_without_keda_nothing_moves_and_with_it_everything_goes_on(system: System) -> None:
    system.load(PACED, HIGH)
    system.await_replicas(PACED, wanted(HIGH), wanted(HIGH) + 1, deadline_s=180)
    system.world.keda.kill()
    system.recorder.mark(f"{OPERATOR} and {ADAPTER} killed")
    system.load(PACED, UNDER_ONE)
    begun = system.recorder.now()
    system.await_time(begun + HELD_S)
    assert changes(system.recorder.samples(PACED, since=begun)) == []
    system.world.keda.start()
    system.recorder.mark(f"{OPERATOR} and {ADAPTER} started")
    system.await_replicas(PACED, wanted(UNDER_ONE), wanted(UNDER_ONE), deadline_s=240)
