from __future__ import annotations

import pytest

from deploy.scaling.fleet import Fleet, Setup
from deploy.scaling.metrics import Counter, MetricsServer, Observer


@pytest.mark.parametrize(
    ("samples", "now", "expected"),
    [
        pytest.param([], 100, None, id="nothing"),
        pytest.param([(95, 10)], 100, None, id="one sample is none"),
        pytest.param([(60, 0), (95, 10)], 100, None, id="one in the range"),
        pytest.param([(75, 1000), (85, 1020), (95, 1040)], 100, 2.0, id="an even rise is its slope"),
        pytest.param([(70, 900), (75, 1000), (85, 1020), (95, 1040)], 100, 2.0, id="the range begins after 70"),
        # 40 frames in 20 s, seen from 75 to 95: before that zero was 5 s away at this slope, and 5 s are left: 60 / 30.
        pytest.param([(75, 10), (85, 30), (95, 50)], 100, 2.0, id="down to zero is as far as it goes back"),
        # At 2 frames a second zero was 1 s before the first sample: (20 + 1 + 5) s of the 30 count.
        pytest.param([(75, 2), (85, 22), (95, 42)], 100, 2.0 * 26 / 30, id="a counter that has just begun"),
        # The first is 15 s into the range, more than 1.1 times the distance of 10 s: half of that distance counts.
        pytest.param([(85, 1000), (95, 1020)], 100, 2.0 * 20 / 30, id="a scrape is missing"),
    ],
)
def test_rate_is_that_of_promql(samples: list[tuple[float, float]], now: float, expected: float | None) -> None:
    counter = Counter(30.0)
    for at, value in samples:
        counter.scrape(at, value)
    assert counter.rate(now) == (None if expected is None else pytest.approx(expected))


def test_a_rate_is_known_from_the_beginning_and_follows_within_its_range() -> None:
    fleet = Fleet(Setup(fps=10), 1, 1.0)
    observer = Observer(fleet, scrape_s=5, range_s=30, rate=4.0)
    for second in range(1, 41):
        fleet.advance(float(second), 4.0 if second <= 10 else 8.0)
        observer.look(float(second))
        if second == 10:
            assert observer.view(10.0).arriving == pytest.approx(4.0)
    assert observer.view(40.0).arriving == pytest.approx(8.0)
    assert observer.view(40.0).skipping == 0


def test_cpu_is_measured_of_who_was_ready_all_of_the_window() -> None:
    fleet = Fleet(Setup(fps=10, start_s=20, rebalance_s=0), 1, 1.0)
    server = MetricsServer()
    server.visit(0.0, fleet.workers)
    fleet.scale(0.0, 2)
    uses = []
    for second in range(1, 61):
        fleet.advance(float(second), 6.0)
        if second % 15 == 0:
            uses.append(sorted(server.visit(float(second), fleet.workers).uses.values()))
    assert uses[0] == [pytest.approx(0.6)]
    assert len(uses[1]) == 1  # the second came at 20 s, within the window
    assert uses[2:] == [[pytest.approx(0.3), pytest.approx(0.3)]] * 2
