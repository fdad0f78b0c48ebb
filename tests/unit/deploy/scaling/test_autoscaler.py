from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.scaling.autoscaler import Activator, Autoscaler, Behaviour, Policy, PolicyType, Rules, Select
from deploy.scaling.rules import CHART

UNHINDERED = Rules(0, (Policy(PolicyType.PERCENT, 1000, 15), Policy(PolicyType.PODS, 1000, 15)))
FOUR = Policy(PolicyType.PODS, 4, 60)
TENTH = Policy(PolicyType.PERCENT, 10, 60)


def run(behaviour: Behaviour, replicas: int, wanted: list[int], *, least: int = 1, most: int = 100) -> list[int]:
    """What is decided at each sync of 15 s."""
    autoscaler = Autoscaler(behaviour, least=least, most=most)
    decided = []
    for number, one in enumerate(wanted):
        replicas = autoscaler.decide(15.0 * (number + 1), replicas, one)
        decided.append(replicas)
    return decided


def minutely(behaviour: Behaviour, replicas: int, wanted: int, minutes: int) -> list[int]:
    return run(behaviour, replicas, [wanted] * 4 * minutes)[::4]


def test_by_default_it_doubles_or_adds_four_and_goes_down_after_five_minutes() -> None:
    assert run(Behaviour(), 1, [50] * 6) == [5, 10, 20, 40, 50, 50]
    down = run(Behaviour(), 10, [10] + [2] * 25)
    assert down.index(2) == 20  # 300 s after it last wanted ten
    assert set(down[:20]) == {10}


def test_the_example_of_the_documentation_goes_down_by_the_larger_of_both() -> None:
    """https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#scaling-policies: 80 to 10."""
    behaviour = Behaviour(up=UNHINDERED, down=Rules(0, (FOUR, TENTH)))
    assert minutely(behaviour, 80, 10, 6) == [72, 64, 57, 51, 45, 40]  # 10 % of 72 is 7.2, and so 8
    assert minutely(behaviour, 40, 10, 4) == [36, 32, 28, 24]


def test_the_smaller_of_both_and_none() -> None:
    assert minutely(Behaviour(UNHINDERED, Rules(0, (FOUR, TENTH), Select.MIN)), 80, 10, 2) == [76, 72]
    assert minutely(Behaviour(UNHINDERED, Rules(0, (FOUR,), Select.DISABLED)), 80, 10, 2) == [80, 80]
    up = Rules(0, (Policy(PolicyType.PERCENT, 100, 60), Policy(PolicyType.PODS, 3, 60)), Select.MIN)
    assert minutely(Behaviour(up, UNHINDERED), 8, 50, 3) == [11, 14, 17]


def test_a_period_counts_changes_both_ways() -> None:
    """Whoever lost four pods within the period may have them back, and the policy's more."""
    behaviour = Behaviour(up=Rules(0, (Policy(PolicyType.PODS, 1, 60),)), down=UNHINDERED)
    assert run(behaviour, 10, [6, 20, 20]) == [6, 11, 11]


def test_the_windows_take_the_safest_of_what_was_wanted() -> None:
    up = Behaviour(up=Rules(40, UNHINDERED.policies), down=UNHINDERED)
    assert run(up, 2, [2, 6, 5, 7, 7]) == [2, 2, 2, 5, 5]
    down = Behaviour(up=UNHINDERED, down=Rules(40, UNHINDERED.policies))
    assert run(down, 9, [9, 3, 5, 4, 4]) == [9, 9, 9, 5, 5]


@pytest.mark.parametrize(("replicas", "wanted", "expected"), [(2, 9, 3), (3, 0, 2), (1, 9, 2), (9, 0, 3)])
def test_it_keeps_within_its_limits(replicas: int, wanted: int, expected: int) -> None:
    """Whoever is outside is brought to the limit first, whatever is wanted."""
    behaviour = Behaviour(up=UNHINDERED, down=UNHINDERED)
    assert run(behaviour, replicas, [wanted], least=2, most=3) == [expected]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=80), st.integers(1, 20))
@settings(deadline=None)  # a busy machine is no failure
def test_the_charts_behaviour_neither_jumps_nor_thrashes(wanted: list[int], first: int) -> None:
    window, most = int(CHART.down.window_s // 15), 24
    decided = run(CHART, first, wanted, most=most)
    before = [first, *decided]
    for number, (was, now) in enumerate(pairwise(before)):
        assert 1 <= now <= most
        recent = wanted[max(0, number - window + 1) : number + 1]
        if now < was:
            assert now >= min(max(recent), most), "fewer than was wanted within the window"
            assert now >= min(before[max(0, number - 3) : number + 1]) // 2
        if now > was:
            assert now <= max(2 * was, was + 2)
            assert now <= wanted[number]


@pytest.mark.parametrize("least", [0, 2])
def test_keda_wakes_keeps_and_lets_go(least: int) -> None:
    activator = Activator(cooldown_s=60, least=least)
    asleep = activator.decide(0, 0, [False, False])
    assert asleep == least
    woken = activator.decide(10, asleep, [False, True])
    assert woken == max(1, least)
    assert activator.decide(20, 5, [True, False]) == 5
    assert activator.decide(50, 5, [False, False]) == 5
    assert activator.decide(80, 5, [False, False]) == 5  # the cooldown is not over, but just
    assert activator.decide(81, 5, [False, False]) == (5 if least else 0)
