"""From what the triggers want to what is done: Kubernetes' autoscaler with its behaviour, and KEDA between 0 and 1.

After `normalizeDesiredReplicasWithBehaviors`, `stabilizeRecommendationWithBehaviors` and the two functions
`calculateScale…Limit…` of Kubernetes' `pkg/controller/podautoscaler/horizontal.go` (1.36), and KEDA's
`pkg/scaling/executor/scale_scaledobjects.go` (2.20).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SYNC_S: Final = 15.0
"""`--horizontal-pod-autoscaler-sync-period`."""


class PolicyType(StrEnum):
    """Whether a policy's value counts pods or percent of those at the beginning of its period."""

    PODS = "Pods"
    PERCENT = "Percent"


class Select(StrEnum):
    """Which of several policies holds: the one that allows the largest change, the smallest, or none."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True)
class Policy:
    """At most so much change within any `period_s` seconds."""

    type: PolicyType
    value: int
    period_s: float


@dataclass(frozen=True, slots=True)
class Rules:
    """One direction of the autoscaler's behaviour."""

    window_s: float
    policies: tuple[Policy, ...]
    select: Select = Select.MAX


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`spec.behavior` of an autoscaler; what it is by default: up to double or by 4, down at once after 5 minutes."""

    up: Rules = Rules(0, (Policy(PolicyType.PERCENT, 100, 15), Policy(PolicyType.PODS, 4, 15)))
    down: Rules = Rules(300, (Policy(PolicyType.PERCENT, 100, 15),))


class Autoscaler:
    """The autoscaler's memory: recommendations, for the windows, and changes, for the policies."""

    def __init__(self, behaviour: Behaviour, *, least: int, most: int) -> None:
        self._behaviour = behaviour
        self._least, self._most = least, most
        self._recommended: deque[tuple[float, int]] = deque()
        self._changes: deque[tuple[float, int]] = deque()

    def decide(self, now: float, replicas: int, wanted: int) -> int:
        """How many replicas there are to be, with `replicas` now and `wanted` by the metrics."""
        if replicas > self._most:
            return self._note(now, replicas, self._most)
        if replicas < self._least:
            return self._note(now, replicas, self._least)
        return self._note(now, replicas, self._within_policies(now, replicas, self._stabilised(now, replicas, wanted)))

    def _stabilised(self, now: float, replicas: int, wanted: int) -> int:
        up_s, down_s = self._behaviour.up.window_s, self._behaviour.down.window_s
        lowest = min([wanted, *(one for at, one in self._recommended if at > now - up_s)])
        highest = max([wanted, *(one for at, one in self._recommended if at > now - down_s)])
        self._recommended.append((now, wanted))
        while self._recommended and self._recommended[0][0] <= now - max(up_s, down_s):
            self._recommended.popleft()
        return min(max(replicas, lowest), highest)

    def _within_policies(self, now: float, replicas: int, wanted: int) -> int:
        if wanted > replicas:
            limit = self._limit(now, replicas, self._behaviour.up, _raised, max, min)
            return min(wanted, self._most, max(limit, replicas))
        if wanted < replicas:
            limit = self._limit(now, replicas, self._behaviour.down, _lowered, min, max)
            return max(wanted, self._least, min(limit, replicas))
        return wanted

    def _limit(
        self,
        now: float,
        replicas: int,
        rules: Rules,
        allowed: Callable[[int, Policy], int],
        widest: Callable[[Iterable[int]], int],
        narrowest: Callable[[Iterable[int]], int],
    ) -> int:
        if rules.select is Select.DISABLED:
            return replicas
        select = narrowest if rules.select is Select.MIN else widest
        return select([allowed(replicas - self._changed(now, policy.period_s), policy) for policy in rules.policies])

    def _changed(self, now: float, period_s: float) -> int:
        return sum(change for at, change in self._changes if at > now - period_s)

    def _note(self, now: float, replicas: int, decided: int) -> int:
        if decided != replicas:
            self._changes.append((now, decided - replicas))
        rules = (*self._behaviour.up.policies, *self._behaviour.down.policies)
        longest = max((policy.period_s for policy in rules), default=0.0)
        while self._changes and self._changes[0][0] <= now - longest:
            self._changes.popleft()
        return decided


def _raised(start: int, policy: Policy) -> int:
    if policy.type is PolicyType.PODS:
        return start + policy.value
    return math.ceil(start * (1 + policy.value / 100) - 1e-9)


def _lowered(start: int, policy: Policy) -> int:
    if policy.type is PolicyType.PODS:
        return start - policy.value
    return math.floor(start * (1 - policy.value / 100) + 1e-9)


class Activator:
    """KEDA's own part: one replica while a trigger is active, none when all have been quiet for the cooldown.

    It is asked at each polling, and leaves replicas alone otherwise.
    """

    def __init__(self, *, cooldown_s: float, least: int) -> None:
        self._cooldown_s = cooldown_s
        self._least = least
        self._active_at: float | None = None

    def decide(self, now: float, replicas: int, active: Sequence[bool]) -> int:
        """How many replicas there are to be."""
        if any(active):
            self._active_at = now
            return replicas or max(1, self._least)
        if self._least > 0:
            return max(replicas, self._least)
        quiet = self._active_at is None or self._active_at + self._cooldown_s < now
        return 0 if quiet else replicas
