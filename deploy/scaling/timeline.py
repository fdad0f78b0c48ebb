"""A timeline of arrivals, lag and replicas, simulated or recorded, and what it comes to in figures."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

from deploy.scaling.fleet import Setup

Steps = Sequence[tuple[float, float]]
"""Values over time: (seconds, value), in the order of time."""

FRESH_S: Final = 2.0
"""A second in which no frame waited longer, and none was skipped, is a good one."""
_MERGE_S: Final = 30.0
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One second: `replicas` were decided on, `ready` of them infer; the sums count frames since the beginning."""

    t: float
    arrival_fps: float
    lag: int
    replicas: int
    ready: int
    oldest_s: float
    arrived: float
    inferred: float
    skipped: float
    waiting: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run comes to.

    `least_replica_s` is what would do if all were known beforehand and every replica ran at its full pace. `recovery_s`
    is the longest time without a good second, short breaks of it left out; `lag_s` the longest that a frame waited.
    """

    replica_s: float
    least_replica_s: float
    skipped: float
    skipped_share: float
    recovery_s: float
    changes_per_hour: float
    lag_s: float

    @property
    def surplus(self) -> float:
        """Replica-seconds as a multiple of the least."""
        return self.replica_s / self.least_replica_s


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run: one sample a second."""

    setup: Setup
    samples: tuple[Sample, ...]

    def figures(self) -> Figures:
        """What it comes to."""
        last = self.samples[-1]
        return Figures(
            replica_s=_sum(self.samples, lambda one: one.replicas),
            least_replica_s=_sum(self.samples, lambda one: max(1, math.ceil(one.arrival_fps / self.setup.fps - 1e-9))),
            skipped=last.skipped,
            skipped_share=last.skipped / last.arrived if last.arrived else 0.0,
            recovery_s=longest(self._bad_seconds()),
            changes_per_hour=changes([one.replicas for one in self.samples]) * _HOUR_S / last.t,
            lag_s=max(one.oldest_s for one in self.samples),
        )

    def _bad_seconds(self) -> list[float]:
        return [
            after.t
            for before, after in pairwise(self.samples)
            if after.oldest_s > FRESH_S or after.skipped > before.skipped
        ]

    def document(self) -> dict[str, Any]:
        """As JSON has it: what `read_trace` reads, with the figures."""
        figures = self.figures()
        return {
            "mu": self.setup.fps,
            "setup": asdict(self.setup),
            "figures": asdict(figures) | {"surplus": figures.surplus},
            "samples": [asdict(one) for one in self.samples],
        }


def longest(bad: Iterable[float], merge_s: float = _MERGE_S) -> float:
    """The longest stretch of bad seconds, where those that are less than `merge_s` apart are one stretch."""
    begin = end = None
    most = 0.0
    for at in bad:
        if begin is None or end is None or at - end > merge_s:
            begin = at - 1
        end = at
        most = max(most, end - begin)
    return most


def changes(replicas: Sequence[int]) -> int:
    """How often the number of replicas changed."""
    return sum(before != after for before, after in pairwise(replicas))


def apart(simulated: Steps, recorded: Steps, *, slack_s: float = 0.0) -> float:
    """How far `simulated` is from `recorded` in the mean, over the recorded times.

    Both are values that hold until the next one. Each recorded value is compared with the nearest that was simulated
    within `slack_s` of its time: nobody knows when a real autoscaler looked.
    """
    times = [at for at, _ in simulated]
    total = 0.0
    for at, value in recorded:
        first = max(0, bisect_right(times, at - slack_s) - 1)
        last = max(first + 1, bisect_right(times, at + slack_s))
        total += min(abs(value - other) for _, other in simulated[first:last])
    return total / len(recorded)


def _sum(samples: Iterable[Sample], of: Callable[[Sample], int]) -> float:
    return float(sum(of(one) for one in samples))
