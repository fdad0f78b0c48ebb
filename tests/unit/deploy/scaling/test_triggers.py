from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.scaling.metrics import View
from deploy.scaling.rule import Thresholds
from deploy.scaling.triggers import (
    ArrivalTrigger,
    CpuTrigger,
    DropTrigger,
    LagTrigger,
    RatioTrigger,
    Trigger,
    together,
)

RULE = Thresholds.of(5.0)
OURS: tuple[Trigger, ...] = (LagTrigger(RULE, partitions=8), ArrivalTrigger(RULE))
QUIET = View(lag=0, arriving=0.0, inferring=0.0, skipping=0.0, uses=(), replicas=1, ready=1)
BLIND = View(lag=0, arriving=None, inferring=None, skipping=None, uses=(), replicas=3, ready=3)


@pytest.mark.parametrize(
    ("lag", "rate", "replicas", "expected"),
    [
        (0, 0, 1, 0),
        (0, 12.5, 0, 4),  # ceil(12.5 / 4)
        (0, 12.5, 4, 4),
        (35, 0, 0, 4),  # ceil(35 / 10)
        (35, 20, 1, 5),  # the larger of both
        (500, 20, 1, 8),  # cut at the partitions
        (0, 8.4, 2, 2),  # within the tolerance of what two are given
        (0, 12.5, 3, 3),  # 4 % above what three are given: the tolerance lets them be
    ],
)
def test_lag_and_arrivals_together(lag: int, rate: float, replicas: int, expected: int) -> None:
    assert together(OURS, replace(QUIET, lag=lag, arriving=rate, replicas=replicas)) == expected


def test_without_a_value_there_may_be_more_but_not_fewer() -> None:
    assert together(OURS, replace(BLIND, lag=0)) == 3
    assert together(OURS, replace(BLIND, lag=60)) == 6
    assert together((RatioTrigger(), DropTrigger(10)), BLIND) == 3


@pytest.mark.parametrize(
    ("inferring", "skipping", "ready", "expected"),
    [(10, 0, 2, 2), (10, 1, 2, 2), (10, 10, 2, 4), (10, 10, 1, 2), (10, 25, 2, 7)],
)
def test_the_ratio_multiplies_who_is_ready(inferring: float, skipping: float, ready: int, expected: int) -> None:
    view = replace(QUIET, inferring=inferring, skipping=skipping, replicas=2, ready=ready)
    assert RatioTrigger().wanted(view) == expected


def test_a_ratio_to_nothing_has_no_value() -> None:
    assert RatioTrigger().wanted(replace(QUIET, inferring=0, skipping=5)) is None


@pytest.mark.parametrize(("skipping", "expected"), [(0, 0), (9, 1), (11, 1), (11.1, 2), (65, 7)])
def test_drops_ask_for_one_replica_each_ten(skipping: float, expected: int) -> None:
    assert DropTrigger(10).wanted(replace(QUIET, skipping=skipping)) == expected


def test_cpu_leaves_out_who_was_not_measured() -> None:
    assert CpuTrigger(0.8).wanted(replace(QUIET, uses=(1.0, 1.0), replicas=2)) == 3
    assert CpuTrigger(0.8).wanted(replace(QUIET, uses=(0.1,), replicas=3)) == 1
    assert CpuTrigger(0.8).wanted(BLIND) is None


@pytest.mark.parametrize(
    ("trigger", "quiet", "busy"),
    [
        (OURS[0], replace(QUIET, lag=RULE.activation_lag), replace(QUIET, lag=RULE.activation_lag + 1)),
        (OURS[1], replace(QUIET, arriving=RULE.activation_rate), replace(QUIET, arriving=0.2)),
        (RatioTrigger(), QUIET, replace(QUIET, inferring=1)),
        (DropTrigger(10), QUIET, replace(QUIET, skipping=1)),
        (CpuTrigger(0.8), QUIET, replace(QUIET, uses=(0.1,))),
    ],
    ids=["lag", "arrivals", "ratio", "drops", "cpu"],
)
def test_what_is_above_activates(trigger: Trigger, quiet: View, busy: View) -> None:
    assert not trigger.active(quiet)
    assert not trigger.active(BLIND)
    assert trigger.active(busy)
