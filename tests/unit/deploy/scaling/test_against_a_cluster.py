"""The simulator against what was recorded on a real control plane, with the same arrivals and settings.

The real autoscaler looked each 5 seconds, nobody knows when: so the simulated one looks at each whole second of them.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest

from deploy.scaling.timeline import Steps, apart
from tests.cluster.contenders import COMPARED, Figures, table
from tests.cluster.replay import RECORDED, replay

BOUND = 0.25
"""Replicas from what was recorded, in the mean over the run and over the moments; at any of them, twice as many."""
SHARE = 0.15
"""Of the replica-seconds, in the mean over the moments."""


@pytest.fixture(scope="module")
def recorded() -> Steps:
    return [(one["t"], one["replicas"]) for one in json.loads(RECORDED.read_text())["samples"]]


@pytest.fixture(scope="module")
def simulated() -> list[Steps]:
    """One run for each moment."""
    document = json.loads(RECORDED.read_text())
    return [replay(document, lead_s=lead_s) for lead_s in range(round(document["sync_s"]))]


def test_the_simulated_replicas_are_those_that_were_recorded(recorded: Steps, simulated: list[Steps]) -> None:
    slack_s = json.loads(RECORDED.read_text())["sync_s"]
    away = [apart(run, recorded, slack_s=slack_s) for run in simulated]
    assert mean(away) <= BOUND, away
    assert max(away) <= 2 * BOUND, away


def test_so_are_the_replica_seconds(recorded: Steps, simulated: list[Steps]) -> None:
    assert mean(map(replica_s, simulated)) == pytest.approx(replica_s(recorded), rel=SHARE)


def replica_s(run: Steps) -> float:
    return sum(value * (after - at) for (at, value), (after, _) in pairwise(run))


def test_the_documents_table_of_rules_is_what_was_recorded() -> None:
    document = Path(__file__).parents[4] / "docs" / "scaling.md"
    medians = json.loads(COMPARED.read_text())["medians"]
    assert table({rule: Figures(**figures) for rule, figures in medians.items()}) in document.read_text()
