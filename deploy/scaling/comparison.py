"""The rules side by side: on one load, or on the five that `docs/scaling.md` has its table from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.scaling.fleet import Setup
from deploy.scaling.load import Load, bursts, constant, day, ramp, step
from deploy.scaling.rules import Parameters, Rule, RuleName
from deploy.scaling.simulator import Limits, simulate
from deploy.scaling.timeline import Figures, Timeline

WORKERS: Final = Setup(fps=25.0, partitions=24)
"""The workers that the five loads are made for: one replica infers what one camera sends."""

COLUMNS: Final = (
    "load", "rule", "replica-s", "least", "ratio", "skipped", "share", "recovery s", "changes/h", "longest wait s",
)  # fmt: skip
"""The columns of `cells`; all but the first two hold numbers."""


def loads(fps: float = WORKERS.fps) -> tuple[Load, ...]:
    """The five loads, in multiples of one replica's pace."""
    return (
        constant(2.6 * fps, duration_s=3600),
        step(0.75 * fps, 1.875 * fps, 300, duration_s=1800, back_at=1200),
        ramp(0.5 * fps, 6 * fps, 300, over_s=600, duration_s=2700),
        bursts(0.5 * fps, 4 * fps, 300, length_s=60, every_s=600, duration_s=2700),
        day(0.3 * fps, 7 * fps, duration_s=3600),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One rule on one load."""

    load: str
    rule: RuleName
    timeline: Timeline
    figures: Figures


def compare(
    over: Iterable[Load], rules: Sequence[RuleName], setup: Setup, parameters: Parameters, limits: Limits
) -> Iterator[Row]:
    """Each of `rules` on each load, in this order."""
    for load in over:
        for name in rules:
            timeline = simulate(load, Rule.of(name, setup, parameters), setup, limits)
            yield Row(load.name, name, timeline, timeline.figures())


def cells(row: Row) -> tuple[str, ...]:
    """One row as text, in the order of `COLUMNS`."""
    figures = row.figures
    return (
        row.load,
        row.rule,
        f"{figures.replica_s:.0f}",
        f"{figures.least_replica_s:.0f}",
        f"{figures.surplus:.2f}",
        f"{figures.skipped:.0f}",
        f"{100 * figures.skipped_share:.2f} %",
        f"{figures.recovery_s:.0f}",
        f"{figures.changes_per_hour:.0f}",
        f"{figures.lag_s:.1f}",
    )


def markdown(rows: Iterable[Row]) -> str:
    """The table as Markdown."""
    marks = ["---" if place < 2 else "---:" for place in range(len(COLUMNS))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (COLUMNS, marks, *map(cells, rows)))
