from __future__ import annotations

import pytest

from deploy.scaling.fleet import Setup
from deploy.scaling.timeline import Sample, Timeline, apart, changes, longest


def sample(t: float, *, rate: float = 10, replicas: int = 1, oldest: float = 0, skipped: float = 0) -> Sample:
    return Sample(
        t=t, arrival_fps=rate, lag=0, replicas=replicas, ready=replicas, oldest_s=oldest, arrived=10 * t,
        inferred=10 * t - skipped, skipped=skipped, waiting=0,
    )  # fmt: skip


def test_figures() -> None:
    samples = [sample(float(t)) for t in range(1, 11)]
    samples += [sample(float(t), rate=25, replicas=4, oldest=3) for t in range(11, 16)]
    samples += [sample(float(t), rate=25, replicas=3, skipped=5.0) for t in range(16, 101)]
    figures = Timeline(Setup(fps=10), tuple(samples)).figures()
    assert figures.replica_s == 10 + 5 * 4 + 85 * 3
    assert figures.least_replica_s == 10 + 90 * 3
    assert figures.surplus == pytest.approx(285 / 280)
    assert (figures.skipped, figures.skipped_share) == (5, 0.005)
    assert figures.recovery_s == 6  # seconds 11 to 15 wait for too long, and within 16 some are skipped
    assert figures.changes_per_hour == 2 * 36
    assert figures.lag_s == 3


@pytest.mark.parametrize(
    ("bad", "expected"), [([], 0), ([5], 1), ([5, 6, 7], 3), ([5, 6, 30, 31], 27), ([5, 6, 60, 61, 62], 3)]
)
def test_breaks_that_are_short_do_not_count_as_recovery(bad: list[float], expected: float) -> None:
    assert longest(bad) == expected


def test_changes() -> None:
    assert changes([1, 1, 2, 2, 1, 4]) == 3


@pytest.mark.parametrize(("slack", "expected"), [(0, 1.0), (5, 0.5), (15, 0.0)])
def test_how_far_a_simulation_is_from_what_was_recorded(slack: float, expected: float) -> None:
    simulated = [(0, 1), (20, 3), (40, 3), (60, 3)]
    recorded = [(0, 1), (15, 3), (35, 3), (25, 1), (30, 3)] if slack < 0 else [(0, 1), (15, 3), (30, 1), (45, 3)]
    assert apart(simulated, recorded, slack_s=slack) == pytest.approx(expected)
