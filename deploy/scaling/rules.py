"""The rules that are compared, each with the behaviour that its users would give it; the chart ships the last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from deploy.scaling.autoscaler import Behaviour, Policy, PolicyType, Rules
from deploy.scaling.fleet import Setup
from deploy.scaling.rule import ACTIVATION_LAG, TARGET_LAG_S, UTILISATION, Thresholds
from deploy.scaling.triggers import ArrivalTrigger, CpuTrigger, DropTrigger, LagTrigger, RatioTrigger, Trigger

CNAP_THRESHOLD: Final = 10.0
"""`threshold: '10'` of `sum(drop_fps)` in CNAP's ScaledObject."""
CPU_TARGET: Final = 0.8

CHART: Final = Behaviour(
    up=Rules(0, (Policy(PolicyType.PERCENT, 100, 15), Policy(PolicyType.PODS, 2, 15))),
    down=Rules(180, (Policy(PolicyType.PERCENT, 50, 60), Policy(PolicyType.PODS, 1, 60))),
)
"""The behaviour that the chart gives to every model's autoscaler (`scaling.behavior`)."""
LAG_ALONE: Final = replace(CHART, down=replace(CHART.down, window_s=1800))
"""The same where there is no Prometheus: lag alone does not say when fewer replicas would do, so they go slowly."""


class RuleName(StrEnum):
    """The rules by name: the classic, the original design's, CNAP's, KEDA's usual one, and the chart's two."""

    CPU = "cpu"
    RATIO = "ratio"
    DROPS = "drops"
    LAG = "lag"
    LAG_SLOW = "lag-slow"
    LAG_RATE = "lag-rate"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the chart's values set, in seconds, and how Prometheus is asked.

    `declared_fps` is the model's `fps` in the catalogue where it is not what a replica really infers.
    """

    declared_fps: float | None = None
    target_lag_s: float = TARGET_LAG_S
    utilisation: float = UTILISATION
    activation_lag: int = ACTIVATION_LAG
    behaviour: Behaviour = CHART
    polling_s: float = 5.0
    cooldown_s: float = 300.0
    scrape_s: float = 10.0
    range_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Triggers, and what is done with what they want."""

    triggers: tuple[Trigger, ...]
    behaviour: Behaviour
    polling_s: float
    cooldown_s: float
    scrape_s: float
    range_s: float

    @classmethod
    def of(cls, name: RuleName, setup: Setup, parameters: Parameters | None = None) -> Rule:
        """The rule `name` for such workers; all see the same scrapes, the chart's two have the `parameters`."""
        given = parameters or Parameters()
        thresholds = Thresholds.of(
            given.declared_fps or setup.fps,
            target_lag_s=given.target_lag_s,
            utilisation=given.utilisation,
            activation_lag=given.activation_lag,
        )
        lag = LagTrigger(thresholds, setup.partitions)
        usual = cls((lag,), Behaviour(), 30.0, 300.0, given.scrape_s, given.range_s)
        ours = replace(usual, polling_s=given.polling_s, cooldown_s=given.cooldown_s)
        match name:
            case RuleName.CPU:
                return replace(usual, triggers=(CpuTrigger(CPU_TARGET),))
            case RuleName.RATIO:
                return replace(usual, triggers=(RatioTrigger(),))
            case RuleName.DROPS:
                return replace(usual, triggers=(DropTrigger(CNAP_THRESHOLD),), polling_s=5.0, cooldown_s=30.0)
            case RuleName.LAG:
                return usual
            case RuleName.LAG_SLOW:
                return replace(ours, behaviour=LAG_ALONE)
            case RuleName.LAG_RATE:
                return replace(ours, triggers=(lag, ArrivalTrigger(thresholds)), behaviour=given.behaviour)
