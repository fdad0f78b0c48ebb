"""A recorded run again, in the simulator: the same arrivals, the same settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.scaling.autoscaler import Behaviour, Policy, PolicyType, Rules
from deploy.scaling.fleet import Setup
from deploy.scaling.load import read_trace
from deploy.scaling.rules import Parameters, Rule, RuleName
from deploy.scaling.simulator import Limits, simulate
from deploy.scaling.timeline import Steps, apart

RECORDED: Final = Path(__file__).parent / "recorded" / "zero-to-many.json"
"""The run that is committed."""


def recorded_replicas(recorded: Mapping[str, Any]) -> Steps:
    """The replicas over time that were really decided on."""
    return [(one["t"], one["replicas"]) for one in recorded["samples"]]


def away(simulated: Steps, recorded: Mapping[str, Any]) -> float:
    """How many replicas a simulation is from what was recorded, in the mean: within the time between two looks."""
    return apart(simulated, recorded_replicas(recorded), slack_s=recorded["sync_s"])


def replays(recorded: Mapping[str, Any]) -> list[Steps]:
    """A simulation for each second at which the autoscaler may have looked; the nearest to what was recorded first."""
    runs = [replay(recorded, lead_s=lead_s) for lead_s in range(round(recorded["sync_s"]))]
    return sorted(runs, key=lambda run: away(run, recorded))


def replay(recorded: Mapping[str, Any], *, lead_s: int = 0) -> Steps:
    """The replicas over time that the simulator decides on for the arrivals of `recorded`.

    Nobody knows when the real autoscaler looked: with a lead, in which nothing arrives, the simulated one looks so many
    seconds earlier.
    """
    samples = recorded["samples"]
    nothing = [{"t": at, "arrival_fps": 0.0} for at in (-lead_s, samples[0]["t"] - 0.01)] if lead_s else []
    trace = json.dumps({"samples": nothing + [{name: one[name] for name in ("t", "arrival_fps")} for one in samples]})
    behavior = recorded["behavior"]
    parameters = Parameters(
        behaviour=Behaviour(up=_rules(behavior["scaleUp"]), down=_rules(behavior["scaleDown"])),
        polling_s=recorded["polling_s"],
        cooldown_s=recorded["cooldown_s"],
        scrape_s=recorded["scrape_s"],
        range_s=recorded["window_s"],
    )
    setup = Setup(fps=recorded["fps"], partitions=recorded["partitions"], start_s=recorded["start_s"])
    timeline = simulate(
        read_trace(trace, name="recorded"),
        Rule.of(RuleName.LAG_RATE, setup, parameters),
        setup,
        Limits(first=samples[0]["replicas"], least=0),
        sync_s=recorded["sync_s"],
    )
    return [(one.t - lead_s, one.replicas) for one in timeline.samples]


def _rules(given: Mapping[str, Any]) -> Rules:
    policies = tuple(Policy(PolicyType(one["type"]), one["value"], one["periodSeconds"]) for one in given["policies"])
    return Rules(given["stabilizationWindowSeconds"], policies)
