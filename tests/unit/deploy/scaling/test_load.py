from __future__ import annotations

import json

import pytest

from deploy.scaling.load import Load, bursts, constant, day, ramp, read_trace, step
from schemas.errors import TraceError


def rates(load: Load, *at: float) -> list[float]:
    ticks = load.ticks(1.0)
    return [ticks[int(one)] for one in at]


def test_a_step_is_at_once_and_may_go_back() -> None:
    assert rates(step(2, 5, 10, duration_s=30), 0, 9, 10, 29) == [2, 2, 5, 5]
    assert rates(step(2, 5, 10, duration_s=30, back_at=20), 9, 10, 19, 20, 29) == [2, 5, 5, 2, 2]


def test_a_ramp_rises_stays_and_falls() -> None:
    assert rates(ramp(0, 10, 10, over_s=10, duration_s=60), 5, 10, 14, 19, 25, 34, 45) == [
        0, 0.5, 4.5, 9.5, 10, 5.5, 0,
    ]  # fmt: skip


def test_bursts_come_again() -> None:
    load = bursts(1, 4, 10, length_s=5, every_s=20, duration_s=50)
    assert rates(load, 9, 10, 14, 15, 29, 30, 34, 35) == [1, 4, 4, 1, 1, 4, 4, 1]


def test_a_day_is_low_at_both_ends() -> None:
    ticks = day(1, 5, duration_s=3600).ticks(1.0)
    assert len(ticks) == 3600
    assert ticks[0] == pytest.approx(1, abs=0.01)
    assert ticks[1800] == pytest.approx(5, abs=0.01)
    assert ticks[900] == pytest.approx(3, abs=0.01)
    assert max(ticks) <= 5
    assert min(ticks) >= 1


def test_constant() -> None:
    assert constant(7, duration_s=3).ticks(0.5) == [7] * 6


@pytest.mark.parametrize(
    "text",
    [
        "0,10\n60,20\n",
        "seconds,fps\n0, 10\n60, 20",
        "# of 1 May\n100,10\n\n160,20",
        "[[5, 10], [65, 20]]",
        json.dumps(
            {"model": "m", "mu": 5, "samples": [{"t": 3, "arrival_fps": 10, "lag": 1}, {"t": 63, "arrival_fps": 20}]}
        ),
    ],
)
def test_traces_begin_at_zero(text: str) -> None:
    assert read_trace(text, name="t") == Load("t", ((0, 10), (60, 20)))


def test_a_recorded_run_has_its_replicas() -> None:
    samples = [{"t": at, "arrival_fps": 10, "replicas": at - 4} for at in (5, 6, 9)]
    load = read_trace(json.dumps({"samples": samples}), name="t")
    assert load.replicas == ((0, 1), (1, 2), (4, 5))


@pytest.mark.parametrize(("length_s", "every_s"), [(0.5, 10), (10, 10), (20, 10), (5, 0)])
def test_bursts_that_run_into_one_another_are_refused(length_s: float, every_s: float) -> None:
    with pytest.raises(TraceError, match="expected 1 <= length < distance"):
        bursts(1, 4, 10, length_s=length_s, every_s=every_s, duration_s=100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 points"),
        ("0,10", "1 points"),
        ("0,10\nten,20", "line 2"),
        ("0,10\n5", "line 2"),
        ("0,10\n0,20", "times that rise"),
        ("0,10\n604801,10", "a week at most"),
        ("0,10\n5,-1", "-1.0 frames a second"),
        ("0,10\n5,inf", "inf frames a second"),
        ("0,10\nnan,3", "times that rise"),
        ("[[0, 1], [2]]", "ValueError"),
        ('{"samples": [{"t": 1}]}', "arrival_fps"),
        ("{", "JSONDecodeError"),
        ("[" * 100_000, "RecursionError"),
    ],
)
def test_a_trace_that_is_none_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(TraceError, match=r"trace t.*expected") as refused:
        read_trace(text, name="t")
    assert said in str(refused.value)
