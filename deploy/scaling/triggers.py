"""What each rule looks at: triggers that say how many replicas they want, and whether anything is to be done at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from deploy.scaling.metrics import View
from deploy.scaling.rule import (
    Thresholds,
    reported_lag,
    wanted_average,
    wanted_utilisation,
    wanted_value,
)


class Trigger(Protocol):
    """One metric with its target."""

    def wanted(self, view: View) -> int | None:
        """How many replicas, or None where the metric has no value."""
        ...

    def active(self, view: View) -> bool:
        """Whether a first replica is to be started, or kept."""
        ...


@dataclass(frozen=True, slots=True)
class LagTrigger:
    """KEDA's Kafka trigger."""

    thresholds: Thresholds
    partitions: int

    def wanted(self, view: View) -> int | None:
        lag = reported_lag(view.lag, self.thresholds.lag, self.partitions)
        return wanted_average(lag, self.thresholds.lag, replicas=view.replicas)

    def active(self, view: View) -> bool:
        return view.lag > self.thresholds.activation_lag


@dataclass(frozen=True, slots=True)
class ArrivalTrigger:
    """KEDA's Prometheus trigger on `sum(rate(framebus_frames_delivered_total[…]))`."""

    thresholds: Thresholds

    def wanted(self, view: View) -> int | None:
        if view.arriving is None:
            return None
        return wanted_average(view.arriving, self.thresholds.rate, replicas=view.replicas)

    def active(self, view: View) -> bool:
        return (view.arriving or 0) > self.thresholds.activation_rate


@dataclass(frozen=True, slots=True)
class RatioTrigger:
    """The original design's ratio, (inferred + skipped) / inferred, against 1: as many times the replicas."""

    def wanted(self, view: View) -> int | None:
        if view.skipping is None or not view.inferring:
            return None
        ratio = (view.inferring + view.skipping) / view.inferring
        return wanted_value(ratio, 1, replicas=view.replicas, ready=view.ready)

    def active(self, view: View) -> bool:
        return bool(view.inferring or view.skipping)


@dataclass(frozen=True, slots=True)
class DropTrigger:
    """CNAP's rule: `sum(drop_fps)`, a replica for each `threshold` frames a second that are dropped."""

    threshold: float

    def wanted(self, view: View) -> int | None:
        return None if view.skipping is None else wanted_average(view.skipping, self.threshold, replicas=view.replicas)

    def active(self, view: View) -> bool:
        return bool(view.skipping)


@dataclass(frozen=True, slots=True)
class CpuTrigger:
    """The classic: the pods' mean CPU use against `target`; a replica at its full pace uses all that it requests."""

    target: float

    def wanted(self, view: View) -> int | None:
        unready = max(0, view.replicas - len(view.uses))  # some that were measured may have been stopped since
        return wanted_utilisation(view.uses, self.target, unready=unready, replicas=view.replicas)

    def active(self, view: View) -> bool:
        return bool(view.uses)


def together(triggers: tuple[Trigger, ...], view: View) -> int:
    """What several metrics want together: the largest; fewer replicas only if each of them has a value.

    `computeReplicasForMetrics` in Kubernetes' `pkg/controller/podautoscaler/horizontal.go` (1.36).
    """
    wanted = [trigger.wanted(view) for trigger in triggers]
    known = [one for one in wanted if one is not None]
    if not known:
        return view.replicas
    return max(known) if len(known) == len(wanted) else max(*known, view.replicas)
