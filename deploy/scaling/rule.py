"""The scaling rule's arithmetic: thresholds from time and pace, and the replicas that KEDA and the autoscaler want.

Rates are in frames a second, times in seconds. `fps` is the pace of one replica: how many frames a second it infers.
The sources are named where a formula has one: Kubernetes' `pkg/controller/podautoscaler/replica_calculator.go` (1.36),
KEDA's `pkg/scalers/kafka_scaler.go` (2.20).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

TARGET_LAG_S: Final = 2.0
"""How long a frame may wait for its turn before a replica more is wanted; well under any model's `max_age`."""
UTILISATION: Final = 0.8
"""How much of its pace a replica is given when nothing is wrong; the rest works off what came during a start."""
TOLERANCE: Final = 0.1
"""The autoscaler lets a ratio of use to target be that is this near to 1: `--horizontal-pod-autoscaler-tolerance`."""
ACTIVATION_LAG: Final = 1
"""More frames than this that wait hold a replica, or wake one: `activationLagThreshold` of the Kafka trigger."""
ACTIVATION_RATE: Final = 0.1
"""More arrivals a second than this do: `activationThreshold` of the Prometheus trigger. The slowest camera is above."""
_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a model's triggers are given: of the Kafka trigger `lag`, of the Prometheus trigger `rate`.

    A trigger wakes the first replica when its value is above (not at) its `activation_…`.
    """

    lag: int
    activation_lag: int
    rate: float
    activation_rate: float

    @classmethod
    def of(
        cls,
        fps: float,
        *,
        target_lag_s: float = TARGET_LAG_S,
        utilisation: float = UTILISATION,
        activation_lag: int = ACTIVATION_LAG,
        activation_rate: float = ACTIVATION_RATE,
    ) -> Self:
        """The thresholds for a model of which one replica infers `fps` frames a second.

        What activates is a matter of the cameras and not of the pace: one of a frame a second is to keep a replica of
        a model that infers hundreds.
        """
        return cls(
            lag=lag_threshold(fps, target_lag_s),
            activation_lag=activation_lag,
            rate=rate_threshold(fps, utilisation),
            activation_rate=activation_rate,
        )


def lag_threshold(fps: float, target_lag_s: float = TARGET_LAG_S) -> int:
    """The frames that one replica works off in `target_lag_s`: `lagThreshold` of the Kafka trigger, at least 1."""
    return max(1, math.floor(target_lag_s * fps))


def rate_threshold(fps: float, utilisation: float = UTILISATION) -> float:
    """The arrivals a second that one replica is given in the steady state: `threshold` of the Prometheus trigger."""
    return utilisation * fps


def reported_lag(lag: int, threshold: int, partitions: int) -> int:
    """The lag that KEDA's Kafka trigger reports: cut only where the *integer* quotient is above the partitions.

    With 4 partitions and threshold 50, a lag of 249 stays 249, which asks for 5 replicas: one more than can work. So
    a maximum of replicas has to be set as well (`max_replicas`). `getTotalLag` in kafka_scaler.go.
    """
    return partitions * threshold if lag // threshold > partitions else lag


def wanted_average(value: float, target: float, *, replicas: int, tolerance: float = TOLERANCE) -> int:
    """The replicas for an external metric with an `AverageValue` target: each replica's share is to be `target`.

    `replicas` is how many there are, ready or not. `GetExternalPerPodMetricReplicas` in replica_calculator.go.
    """
    value_m, target_m = _milli(value), _milli(target)
    if replicas and _near(value_m / (target_m * replicas), tolerance):
        return replicas
    return _ceil_div(value_m, target_m)


def wanted_value(value: float, target: float, *, replicas: int, ready: int, tolerance: float = TOLERANCE) -> int:
    """The replicas for an external metric with a `Value` target: as many times those that are ready as it is too high.

    `GetExternalMetricReplicas` and `getUsageRatioReplicaCount` in replica_calculator.go.
    """
    value_m, target_m = _milli(value), _milli(target)
    if not replicas:
        return _ceil_div(value_m, target_m)
    if _near(value_m / target_m, tolerance):
        return replicas
    return _ceil_div(value_m * ready, target_m)


def wanted_utilisation(
    uses: Sequence[float], target: float, *, unready: int, replicas: int, tolerance: float = TOLERANCE
) -> int | None:
    """The replicas for a CPU utilisation target; None where nothing was measured.

    `uses` are the shares of their requests that the measured pods use, in whole percent of all; `unready` pods are left
    out, and count as idle where more are wanted. `GetResourceReplicas` in replica_calculator.go.
    """
    if not uses:
        return None
    percent = round(100 * target)
    ratio = math.floor(100 * sum(uses) / len(uses)) / percent
    if not unready or ratio <= 1:
        return replicas if _near(ratio, tolerance) else math.ceil(ratio * len(uses))
    count = len(uses) + unready
    ratio = math.floor(100 * sum(uses) / count) / percent
    return replicas if ratio < 1 or _near(ratio, tolerance) else max(replicas, math.ceil(ratio * count))


def max_replicas(partitions: int, most: int | None = None) -> int:
    """The replicas that can work at once: `maxReplicaCount`; one more than partitions would be idle."""
    return partitions if most is None else min(most, partitions)


def replicas_for(rate: float, fps: float, *, utilisation: float = UTILISATION) -> int:
    """The replicas that hold an arrival of `rate` frames a second in the steady state, from scratch."""
    return _ceil_div(_milli(rate), _milli(rate_threshold(fps, utilisation)))


def _near(ratio: float, tolerance: float) -> bool:
    return 1 - tolerance <= ratio <= 1 + tolerance


def _milli(value: float) -> int:
    """Metrics travel as whole thousandths (`MilliValue`): what is finer is not seen."""
    return math.floor(value * _MILLI + 1e-6)


def _ceil_div(value: int, by: int) -> int:
    return -(-value // by)
