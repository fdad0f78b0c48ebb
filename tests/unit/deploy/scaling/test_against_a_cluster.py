"""The simulator against what was recorded on a real control plane, with the same arrivals and settings.

The real autoscaler looked each 5 seconds, nobody knows when: so the simulated one looks at each whole second of them.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from deploy.scaling.timeline import Steps
from tests.cluster.contenders import COMPARED, Figures, table
from tests.cluster.replay import RECORDED, away, recorded_replicas, replays

BOUND = 0.25
"""Replicas from what was recorded, in the mean over the run and over the moments; at any of them, twice as many."""
SHARE = 0.15
"""Of the replica-seconds, in the mean over the moments."""


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(RECORDED.read_text())
    return document


@pytest.fixture(scope="module")
def simulated(recorded: dict[str, Any]) -> list[Steps]:
    return replays(recorded)


def test_the_simulated_replicas_are_those_that_were_recorded(recorded: dict[str, Any], simulated: list[Steps]) -> None:
    found = [away(run, recorded) for run in simulated]
    assert mean(found) <= BOUND, found
    assert max(found) <= 2 * BOUND, found


def test_so_are_the_replica_seconds(recorded: dict[str, Any], simulated: list[Steps]) -> None:
    real = replica_s(recorded_replicas(recorded))
    assert mean(map(replica_s, simulated)) == pytest.approx(real, rel=SHARE)


def replica_s(run: Steps) -> float:
    return sum(value * (after - at) for (at, value), (after, _) in pairwise(run))


def test_the_documents_table_of_rules_is_what_was_recorded() -> None:
    document = Path(__file__).parents[4] / "docs" / "scaling.md"
    medians = json.loads(COMPARED.read_text())["medians"]
    assert table({rule: Figures(**figures) for rule, figures in medians.items()}) in document.read_text()
