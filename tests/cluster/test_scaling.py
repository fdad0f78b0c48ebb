"""The real chart on a real control plane: what scales, when, to how many, and what becomes of the frames meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from deploy.scaling.rule import Thresholds
from tests.cluster.recorder import changes
from tests.cluster.system import FPS, IDLE, LAGGED, PACED, PARTITIONS, STEADY, System, wanted
from tests.cluster.timeline import document

LOW, HIGH = 2.0, 14.0
STEADY_S = 300.0


@pytest.fixture
def at_rest(system: System) -> System:
    """Nothing arrives but for the model that always has work, and nothing else runs."""
    for model in (PACED, LAGGED):
        system.load(model, 0)
    system.load(STEADY, 1)
    for model in (PACED, IDLE, LAGGED):
        system.await_replicas(model, 0, 0, deadline_s=180)
    system.await_replicas(STEADY, 1, 1, deadline_s=60)
    return system


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number."""
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", [PACED, STEADY, IDLE, LAGGED])
def test_the_autoscalers_targets_are_as_rendered(system: System, model: str) -> None:
    rule = Thresholds.of(FPS)
    wanted_targets = [rule.rate, rule.lag][model == LAGGED :]

    def targets() -> list[float]:
        found = system.release.autoscaler(model) or {"spec": {"metrics": []}}
        return sorted(quantity(one["external"]["target"]["averageValue"]) for one in found["spec"]["metrics"])

    system.wait(lambda: targets() == wanted_targets, deadline_s=60, what=f"targets {wanted_targets} of {model}")
    spec = system.autoscaler(model)["spec"]
    assert spec["maxReplicas"] == PARTITIONS
    rendered = system.release.scaled_object(model)["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert spec["behavior"]["scaleUp"]["policies"] == rendered["scaleUp"]["policies"]
    assert spec["behavior"]["scaleDown"].items() >= rendered["scaleDown"].items()


@pytest.mark.timeout(900)
def test_from_zero_to_one_to_many_and_back_with_a_worker_killed_and_nobody_else_moved(
    at_rest: System, keep: Callable[[dict[str, Any]], None]
) -> None:
    system = at_rest
    begun = system.recorder.now()
    system.load(PACED, LOW)
    system.await_replicas(PACED, wanted(LOW), wanted(LOW), deadline_s=60)
    system.load(PACED, HIGH)
    system.await_replicas(PACED, wanted(HIGH), wanted(HIGH) + 1, deadline_s=90)
    system.load(PACED, LOW)
    # The first that goes frees its partitions; one of those that stay is then killed, and comes again.
    system.await_replicas(PACED, 1, wanted(HIGH) - 1, deadline_s=120)
    pid = min(system.world.kubelet.running(system.release.deployment(PACED)).values())
    os.kill(pid, signal.SIGKILL)
    system.recorder.mark("kill -9 of a worker")
    system.await_replicas(PACED, wanted(LOW), wanted(LOW), deadline_s=180)
    system.load(PACED, 0)
    system.await_replicas(PACED, 0, 0, deadline_s=120)
    keep(document(system, PACED, begun))
    assert max(one.replicas for one in system.recorder.samples(PACED, since=begun)) <= wanted(HIGH) + 1
    for model, replicas in ((STEADY, 1), (IDLE, 0), (LAGGED, 0)):
        assert {one.replicas for one in system.recorder.samples(model, since=begun)} == {replicas}
    ended = [one for one in system.world.kubelet.exits if one.pod.startswith(system.release.deployment(PACED))]
    # Who is asked before it has handlers has taken nothing, and ends by the signal itself.
    assert [one for one in ended if one.asked and (one.forced or one.code not in (0, -signal.SIGTERM))] == []
    assert [one.code for one in ended if not one.asked] == [-signal.SIGKILL]


@pytest.mark.timeout(900)
def test_a_steady_load_is_held_for_five_minutes(system: System) -> None:
    system.load(PACED, HIGH)
    begun = system.await_replicas(PACED, wanted(HIGH), wanted(HIGH) + 1, deadline_s=180)
    system.recorder.mark("steady from here")
    system.await_time(begun + STEADY_S)
    system.recorder.mark("steady to here")
    samples = system.recorder.samples(PACED, since=begun)
    assert len(changes(samples)) <= 2, changes(samples)
    assert {one.replicas for one in samples} <= {wanted(HIGH), wanted(HIGH) + 1}
