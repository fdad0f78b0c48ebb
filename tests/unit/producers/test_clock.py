from __future__ import annotations

from datetime import UTC, datetime, timedelta

from producers.clock import RunClock


def test_a_step_of_the_wall_clock_does_not_reach_a_run() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    walls = iter([start, start - timedelta(hours=1)])
    ticks = iter([50.0, 50.5, 52.0])
    clock = RunClock(wall=lambda: next(walls), monotonic=lambda: next(ticks))
    assert clock.now() == start + timedelta(seconds=0.5)
    assert clock.now() == start + timedelta(seconds=2)


def test_it_starts_at_the_wall_clock() -> None:
    assert abs((RunClock().now() - datetime.now(UTC)).total_seconds()) < 5
