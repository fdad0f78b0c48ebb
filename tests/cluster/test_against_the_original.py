"""The same step for four rules, on one control plane at its default pace: who recovers first, and what it costs.

`make cluster-test` leaves this out, since it takes a quarter of an hour: `make cluster-compare` runs it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from deploy.scaling.autoscaler import SYNC_S
from schemas.settings import Settings
from tests.chaos.network import write_network
from tests.chart.helm import Helm
from tests.cluster.binaries import Binaries
from tests.cluster.contenders import COMPARED, CONTENDERS, OURS, RATIO, Figures, changes_of, figures, median, table
from tests.cluster.recorder import Recorder
from tests.cluster.release import Release
from tests.cluster.system import FPS, System, entry, prometheus_values
from tests.cluster.world import BUILD, World

LOW = 0.86 * FPS
"""What one replica infers without a queue, and the chart's rule leaves to it."""
STEP = 2.5
RUNS = 3
SETTLED_S = 45.0
"""One and a half windows of the rates, before the step."""
OBSERVED_S = 240.0


@pytest.fixture(scope="module")
def usual_world(binaries: Binaries) -> Iterator[World]:
    """A cluster whose autoscaler looks as often as it does by default."""
    folder = BUILD / "compared"
    shutil.rmtree(folder, ignore_errors=True)
    with World(folder, binaries, sync_s=SYNC_S) as world:
        yield world


def install(world: World, helm: Helm, name: str) -> tuple[Release, System]:
    """The chart with its own timings and a model for each rule, three of which are put in the place of its own."""
    network = write_network(world.folder / "network.xml")
    values: dict[str, Any] = {
        "kafka": {"bootstrapServers": world.kafka.bootstrap_servers, "prefix": f"{name}."},
        "scaling": {"prometheus": prometheus_values(world, name)},
        "inference": {"cache": {"kind": "emptyDir"}},
        "api": {"enabled": False},
        "models": [entry(rule, network, least=1) for rule in CONTENDERS],
    }
    release = Release(helm, world.client, name, world.folder / name, values, timings=())
    catalogue = release.install()
    for rule in CONTENDERS:
        if changes := changes_of(rule, name, world.prometheus.url):
            release.change_scaled_object(rule, changes)
    settings = Settings(
        bootstrap_servers=world.kafka.bootstrap_servers,
        prefix=f"{name}.",
        catalogue=release.folder / "catalogue.yaml",
    )
    deployments = {rule: release.deployment(rule) for rule in CONTENDERS}
    recorder = Recorder(world.client, settings, catalogue, deployments, name)
    return release, System(world, release, settings, catalogue, recorder)


def run(world: World, helm: Helm, number: int) -> dict[str, Figures]:
    """One step for all four rules at once."""
    release, system = install(world, helm, f"framebus-run-{number}")
    with system.recorder:
        for rule in CONTENDERS:
            system.load(rule, LOW)
        for rule in CONTENDERS:
            system.await_replicas(rule, 1, 1, deadline_s=60)
        # Another moment between two looks of the autoscaler in each run.
        system.await_time(system.recorder.now() + SETTLED_S + number * SYNC_S / RUNS)
        before = {rule: system.last(rule) for rule in CONTENDERS}
        assert {rule: one.replicas for rule, one in before.items()} == dict.fromkeys(CONTENDERS, 1)
        for rule in CONTENDERS:
            system.load(rule, STEP * LOW)
        step = system.recorder.now()
        system.await_time(step + OBSERVED_S)
        found = {
            rule: figures(
                system.recorder.samples(rule), step, STEP * LOW, system.last(rule).skipped - before[rule].skipped
            )
            for rule in CONTENDERS
        }
        samples = {rule: [asdict(one) for one in system.recorder.samples(rule)] for rule in CONTENDERS}
        (BUILD / f"compared-{number}.json").write_text(json.dumps({"step": step, "samples": samples}))
        for rule in CONTENDERS:
            system.load(rule, 0)
        release.uninstall()
        return found


@pytest.mark.timeout(3600)
def test_the_chart_recovers_in_half_the_time_of_the_original(
    usual_world: World, helm: Helm, request: pytest.FixtureRequest
) -> None:
    runs = [run(usual_world, helm, number) for number in range(RUNS)]
    medians = {rule: median([one[rule] for one in runs]) for rule in CONTENDERS}
    document = {
        "low_fps": LOW,
        "high_fps": STEP * LOW,
        "replica_fps": FPS,
        "observed_s": OBSERVED_S,
        "runs": [{rule: asdict(one) for rule, one in found.items()} for found in runs],
        "medians": {rule: asdict(one) for rule, one in medians.items()},
    }
    for folder in [BUILD] + [COMPARED.parent] * bool(request.config.getoption("--record")):
        (folder / COMPARED.name).write_text(json.dumps(document, indent=1) + "\n")
    print(table(medians))  # noqa: T201  # for docs/scaling.md
    ours, original = medians[OURS], medians[RATIO]
    assert ours.recovery_s <= original.recovery_s / 2, table(medians)
    assert ours.replica_s <= 1.2 * ours.needed_s, table(medians)
