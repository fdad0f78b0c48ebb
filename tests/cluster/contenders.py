"""Four rules for the same workers: the classic, the original design's, CNAP's, and the chart's; what a run comes to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from deploy.scaling.comparison import WORKERS
from deploy.scaling.rules import CNAP_THRESHOLD
from deploy.scaling.timeline import FRESH_S, longest
from tests.cluster.kubernetes import Object
from tests.cluster.recorder import Sample, changes
from tests.cluster.system import FPS

COMPARED: Final = Path(__file__).parent / "recorded" / "compared.json"
"""The comparison that is committed."""
CPU: Final = "cpu"
RATIO: Final = "ratio"
DROPS: Final = "drops"
OURS: Final = "ours"
CONTENDERS: Final = (CPU, RATIO, DROPS, OURS)


def _processed(model: str, outcomes: str, namespace: str) -> str:
    series = f'framebus_frames_processed_total{{model="{model}",outcome=~"{outcomes}",namespace="{namespace}"}}'
    return f"sum(rate({series}[30s]))"


def changes_of(name: str, namespace: str, prometheus: str) -> Object | None:
    """What makes the chart's ScaledObject that of another rule, with the autoscaler's default behaviour; None: ours.

    `cpu` is 80 % utilisation of workers whose inference is all that they compute: here it waits instead, so that the
    share of its time in which it infers stands for its CPU use. `ratio` is (inferred + skipped) / inferred against 1.
    `drops` is CNAP's: a replica for so many frames a second that are dropped, in proportion to a replica's pace.
    """
    inferred = _processed(name, "inferred", namespace)
    skipped = _processed(name, "stale", namespace)
    queries = {
        CPU: (f"{inferred} / {FPS}", "0.8", "AverageValue"),
        RATIO: (f"({inferred} + {skipped}) / {inferred}", "1", "Value"),
        DROPS: (skipped, f"{CNAP_THRESHOLD * FPS / WORKERS.fps:g}", "AverageValue"),
    }
    if name not in queries:
        return None
    query, threshold, kind = queries[name]
    metadata = {"serverAddress": prometheus, "query": query, "threshold": threshold}
    return {
        "spec": {
            "pollingInterval": 30,
            "fallback": None,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": None}},
            "triggers": [{"type": "prometheus", "name": name, "metricType": kind, "metadata": metadata}],
        }
    }


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run comes to, from the step on.

    `recovery_s` is the longest time without a good second, as the simulator counts it: shorter breaks than half a
    minute are left out. `needed_s` are the replica-seconds that would do if all were known beforehand and each replica
    ran at its full pace.
    """

    recovery_s: float
    skipped: int
    replica_s: float
    needed_s: float
    changes: int


def figures(samples: Sequence[Sample], step: float, rate: float, skipped: int) -> Figures:
    """The figures of the samples from `step` on, in which `rate` frames a second arrived.

    A second is bad if more frames wait than arrive in `FRESH_S`, or if some were skipped in it.
    """
    after = [sample for sample in samples if sample.t >= step]
    length = after[-1].t - step
    bad = [
        here.t - step for before, here in pairwise(after) if here.lag > rate * FRESH_S or here.skipped > before.skipped
    ]
    return Figures(
        recovery_s=round(longest(bad), 1),
        skipped=skipped,
        replica_s=round(sum(here.replicas * (here.t - before.t) for before, here in pairwise(after)), 1),
        needed_s=round(math.ceil(rate / FPS) * length, 1),
        changes=len(changes(after)),
    )


def median(runs: Sequence[Figures]) -> Figures:
    """Of each figure the median."""
    columns: Mapping[str, Any] = {
        name: statistics.median(asdict(run)[name] for run in runs) for name in asdict(runs[0])
    }
    return Figures(**columns)


def table(medians: Mapping[str, Figures]) -> str:
    """As Markdown."""
    rows = [
        "| rule | recovery s | frames skipped | replica-s | of those needed | changes |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, one in medians.items():
        share = one.replica_s / one.needed_s
        rows.append(
            f"| {name} | {one.recovery_s:.0f} | {one.skipped} | {one.replica_s:.0f} | {share:.2f} | {one.changes} |"
        )
    return "\n".join(rows)
