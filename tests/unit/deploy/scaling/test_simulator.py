from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.scaling.fleet import Setup
from deploy.scaling.load import Load, constant, step
from deploy.scaling.rule import replicas_for
from deploy.scaling.rules import Parameters, Rule, RuleName
from deploy.scaling.simulator import Limits, simulate
from deploy.scaling.timeline import Sample, Timeline, changes

MU = 10.0
WORKERS = Setup(fps=MU, partitions=24)
ONE = Limits()


def run(name: RuleName, load: Load, limits: Limits = ONE, setup: Setup = WORKERS) -> Timeline:
    return simulate(load, Rule.of(name, setup), setup, limits)


def replicas(timeline: Timeline, *, since: float = 0.0) -> list[int]:
    return [one.replicas for one in timeline.samples if one.t > since]


def skipped(samples: Iterable[Sample], *, since: float) -> float:
    late = [one.skipped for one in samples if one.t >= since]
    return late[-1] - late[0]


loads = st.lists(st.tuples(st.floats(10, 60), st.floats(0, 12 * MU)), min_size=1, max_size=6).map(
    lambda parts: Load(
        "any",
        (
            (0.0, parts[0][1]),
            *((sum(length for length, _ in parts[: place + 1]), rate) for place, (_, rate) in enumerate(parts)),
        ),
    )
)


@given(loads, st.sampled_from(RuleName), st.integers(0, 2), st.integers(3, 30))
@settings(deadline=None, max_examples=60)  # a busy machine is no failure
def test_no_frame_is_lost_and_no_limit_is_passed(load: Load, name: RuleName, least: int, most: int) -> None:
    timeline = run(name, load, Limits(first=least, least=least, most=most))
    for one in timeline.samples:
        assert one.inferred + one.skipped + one.waiting == pytest.approx(one.arrived, abs=1e-6)
        assert least <= one.replicas <= min(most, WORKERS.partitions)
        assert one.ready <= one.replicas
        assert one.lag >= int(one.waiting)


def test_lag_alone_swings_where_lag_and_arrivals_hold_four() -> None:
    """A constant load that keeps 2.6 replicas busy: with enough of them lag is zero, and then it wants none."""
    load = constant(2.6 * MU, duration_s=3600)
    lag, both = run(RuleName.LAG, load), run(RuleName.LAG_RATE, load)
    assert {min(replicas(lag, since=600)), max(replicas(lag, since=600))} == {1, 6}
    assert 20 <= changes(replicas(lag, since=600)) <= 60
    assert lag.figures().surplus > 1.7
    assert skipped(lag.samples, since=600) > 0
    assert set(replicas(both, since=600)) == {4}
    assert skipped(both.samples, since=600) == 0


def test_the_originals_ratio_never_goes_down() -> None:
    """(inferred + skipped) / inferred is at least one, and its target is one."""
    load = step(0.5 * MU, 3 * MU, 60, duration_s=1800, back_at=300)
    assert all(after >= before for before, after in pairwise(replicas(run(RuleName.RATIO, load))))
    assert replicas(run(RuleName.RATIO, load))[-1] > 3
    assert replicas(run(RuleName.LAG_RATE, load))[-1] == 1


def test_the_rule_of_drops_wants_fewer_as_soon_as_there_are_enough() -> None:
    load = constant(2.6 * MU, duration_s=3600)
    assert changes(replicas(run(RuleName.DROPS, load), since=600)) >= 10


@pytest.mark.parametrize("start_s", [3.0, 10.0])
@pytest.mark.parametrize("phase", [0.0, 5.0, 10.0])
@pytest.mark.parametrize("share", [0.6, 0.7, 0.8])
def test_two_and_a_half_times_the_load_of_one_replica(start_s: float, phase: float, share: float) -> None:
    """At most one replica more than the rule's, which is there within two syncs, a start, and a moment."""
    at = 120 + phase
    setup = Setup(fps=MU, partitions=12, start_s=start_s)
    timeline = run(RuleName.LAG_RATE, step(share * MU, 2.5 * share * MU, at, duration_s=720), setup=setup)
    wanted = replicas_for(2.5 * share * MU, MU)
    # The tolerance may leave it one short, where that is within ten percent of the target.
    assert wanted - 1 <= replicas(timeline)[-1] <= wanted
    assert max(replicas(timeline)) <= wanted + 1
    assert timeline.figures().recovery_s <= 2 * 15 + start_s + 5
    assert changes(replicas(timeline)) <= 3


def test_from_none_to_as_many_as_are_needed_and_back_to_none() -> None:
    load = Load("visit", ((0, 0), (60, 0), (60, 2.5 * MU), (660, 2.5 * MU), (660, 0), (1800, 0)))
    timeline = run(RuleName.LAG_RATE, load, Limits(first=0, least=0))
    seen = replicas(timeline)
    assert seen[0] == 0
    assert seen[59] == 0
    assert 1 <= seen[70] <= 3
    assert max(seen) <= replicas_for(2.5 * MU, MU) + 1
    assert seen[600] == replicas_for(2.5 * MU, MU)
    assert seen[-1] == 0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.79, 0.85])
def test_a_load_that_fits_changes_nothing(share: float) -> None:
    timeline = run(RuleName.LAG_RATE, constant(5 * share * MU, duration_s=900), Limits(first=5, least=5))
    assert set(replicas(timeline)) == {5}
    assert timeline.figures().skipped == 0


@pytest.mark.parametrize(("activation_lag", "sleep_s"), [(5, 100), (60, 1200)])
def test_a_keep_alive_wakes_a_replica_as_often_as_it_fills_the_activation_lag(
    activation_lag: int, sleep_s: float
) -> None:
    """A frame every twenty seconds is not enough to hold a replica; while there is none, these frames pile up."""
    rule = Rule.of(RuleName.LAG_RATE, WORKERS, Parameters(activation_lag=activation_lag))
    timeline = simulate(constant(0.05, duration_s=7200), rule, WORKERS, Limits(first=1, least=0))
    sleeps = [len(list(group)) for awake, group in groupby(replicas(timeline)) if not awake]
    assert sleeps
    assert all(sleep_s <= sleep <= sleep_s + 25 for sleep in sleeps[:-1])


@pytest.mark.parametrize("fps", [5.0, 240.0])
def test_a_camera_of_one_frame_a_second_keeps_its_replica(fps: float) -> None:
    setup = Setup(fps=fps)
    timeline = run(RuleName.LAG_RATE, constant(1, duration_s=1800), Limits(first=0, least=0), setup)
    assert 0 not in replicas(timeline, since=30)
    assert skipped(timeline.samples, since=60) == 0
