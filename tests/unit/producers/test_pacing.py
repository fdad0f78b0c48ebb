from __future__ import annotations

from itertools import pairwise

import pytest

from producers.pacing import RateLimit, Schedule


def test_a_schedule_waits_until_each_picture_is_due() -> None:
    schedule = Schedule(10)
    assert schedule.wait(0, 100.0) == 0
    assert schedule.wait(1, 100.02) == pytest.approx(0.08)
    assert schedule.wait(2, 100.25) == 0  # half a period late: the next is due at its old time
    assert schedule.wait(3, 100.26) == pytest.approx(0.04)


def test_whoever_is_late_does_not_burst() -> None:
    schedule = Schedule(10)
    schedule.wait(0, 100.0)
    assert schedule.wait(1, 105.0) == 0  # 4.9 s late
    waits = [schedule.wait(index, 105.0) for index in range(2, 6)]
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("native", "limit", "admitted"),
    [(25, 10, 100), (25, 25, 250), (25, 30, 250), (24, 5, 50), (10, 10, 100), (30, 7.5, 75), (29.97, 29.97, 300)],
)
def test_a_limit_lets_its_rate_through_evenly(native: float, limit: float, admitted: int) -> None:
    rate = RateLimit(limit)
    passed = [i for i in range(round(native * 10)) if rate.admit(i / native)]
    assert len(passed) == pytest.approx(admitted, abs=1)
    gaps = {b - a for a, b in pairwise(passed)}
    assert max(gaps) - min(gaps) <= 1


def test_a_jittering_camera_at_its_own_rate_loses_next_to_nothing() -> None:
    rate = RateLimit(25)
    moments = [i / 25 + (0.008 if i % 3 == 0 else -0.006 * (i % 2)) for i in range(500)]
    assert sum(map(rate.admit, moments)) >= 498


def test_a_pause_is_not_made_up_for() -> None:
    rate = RateLimit(5)
    assert rate.admit(0.0)
    assert [rate.admit(60.0 + i / 100) for i in range(5)] == [True, True, False, False, False]


@pytest.mark.parametrize(("phase", "first"), [(0.0, 0), (0.5, 5), (0.9, 9)])
def test_a_phase_delays_the_first_picture_and_keeps_the_rate(phase: float, first: int) -> None:
    rate = RateLimit(1, phase=phase)
    passed = [index for index in range(100) if rate.admit(index / 10)]
    assert passed[0] == first
    assert len(passed) == 10
