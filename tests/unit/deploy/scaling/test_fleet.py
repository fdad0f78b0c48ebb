from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.scaling.fleet import FRESH_SHARE as OURS
from deploy.scaling.fleet import Fleet, Setup
from processors.inference.shedding import FRESH_SHARE as THEIRS

TICK = 0.25


def run(fleet: Fleet, seconds: float, rate: float, begin: float = 0.0) -> float:
    now = begin
    for _ in range(round(seconds / TICK)):
        now += TICK
        fleet.advance(now, rate)
    return now


def test_it_sheds_as_a_worker_does() -> None:
    assert OURS == THEIRS


def test_who_keeps_up_infers_everything_at_once() -> None:
    fleet = Fleet(Setup(fps=10), 2, TICK)
    now = run(fleet, 20, 16)
    assert fleet.inferred == pytest.approx(320)
    assert (fleet.skipped, fleet.waiting, fleet.oldest_s(now)) == (0, 0, 0)
    assert fleet.lag == 8  # half a second of frames that are not committed yet


def test_overload_is_shed_and_results_stay_younger_than_max_age() -> None:
    fleet = Fleet(Setup(fps=10, max_age_s=4), 1, TICK)
    oldest = 0.0
    now = 0.0
    for _ in range(4 * 120):
        now += TICK
        fleet.advance(now, 30)
        oldest = max(oldest, fleet.oldest_s(now))
    assert fleet.inferred == pytest.approx(1200, abs=10)
    assert fleet.skipped == pytest.approx(2400, abs=130)
    assert oldest <= 4 + TICK


def test_replicas_beyond_partitions_are_idle() -> None:
    fleet = Fleet(Setup(fps=10, partitions=2), 3, TICK)
    run(fleet, 60, 30)
    assert fleet.inferred == pytest.approx(1200, abs=10)


def test_partitions_that_cannot_be_shared_evenly_overload_some() -> None:
    """Eight workers for twelve partitions: four have two of them, and twice the frames of the others."""
    fleet = Fleet(Setup(fps=10, partitions=12), 8, TICK)
    run(fleet, 120, 66)
    assert fleet.skipped > 100
    even = Fleet(Setup(fps=10, partitions=24), 8, TICK)
    run(even, 120, 66)
    assert even.skipped == 0


def test_a_replica_works_after_its_start_and_until_it_is_stopped() -> None:
    fleet = Fleet(Setup(fps=10, start_s=5, rebalance_s=0, drain_s=0), 0, TICK)
    fleet.scale(0.0, 1)
    now = run(fleet, 4.5, 10)
    assert (fleet.replicas, fleet.ready, fleet.inferred) == (1, 0, 0)
    now = run(fleet, 1, 10, now)
    assert fleet.ready == 1
    assert fleet.inferred > 0
    fleet.scale(now, 0)
    done = fleet.inferred
    run(fleet, 5, 10, now)
    assert (fleet.replicas, fleet.ready, fleet.inferred) == (0, 0, done)


def test_a_rebalance_holds_everybody() -> None:
    fleet = Fleet(Setup(fps=10, start_s=0, rebalance_s=2), 1, TICK)
    now = run(fleet, 10, 5)
    fleet.scale(now, 2)
    before = fleet.inferred
    now = run(fleet, 2, 5, now)
    assert fleet.inferred == before
    run(fleet, 1, 5, now)
    assert fleet.inferred > before


@given(
    st.lists(st.tuples(st.floats(0, 200), st.integers(0, 9)), min_size=1, max_size=40),
    st.integers(1, 8),
    st.floats(0.5, 10),
)
@settings(deadline=None)  # a busy machine is no failure
def test_no_frame_is_made_or_lost(steps: list[tuple[float, int]], partitions: int, max_age: float) -> None:
    fleet = Fleet(Setup(fps=20, partitions=partitions, max_age_s=max_age, start_s=1), 1, TICK)
    now, last, capacity = 0.0, (0.0, 0.0), 0.0
    for rate, replicas in steps:
        fleet.scale(now, replicas)
        for _ in range(8):
            now += TICK
            fleet.advance(now, rate)
            capacity += 20 * TICK * len(fleet.workers)
            assert fleet.inferred + fleet.skipped + fleet.waiting == pytest.approx(fleet.arrived, abs=1e-6)
            assert (fleet.inferred, fleet.skipped) >= last
            last = (fleet.inferred, fleet.skipped)
            assert fleet.replicas == replicas
            assert fleet.ready <= replicas
    assert fleet.inferred <= capacity + 1e-6
