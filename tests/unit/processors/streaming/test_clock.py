from __future__ import annotations

import pytest

from processors.streaming.clock import BrokerClock


@pytest.mark.parametrize(
    ("heard", "ahead"),
    [
        pytest.param([], 0.0, id="nothing is known"),
        pytest.param([(10.0, 10.002, 10.005)], 0.0, id="they may agree"),
        pytest.param([(10.0, 10.005, 10.005)], 0.0, id="appended as it was acknowledged"),
        pytest.param([(10.0001, 10.0, 10.0004)], 0.0, id="the broker's time is rounded down"),
        pytest.param([(40.0, 10.0, 40.5)], 29.999, id="ahead, by at least so much"),
        pytest.param([(40.0, 10.0, 40.5), (50.2, 20.0, 50.3)], 30.199, id="each bound counts"),
        pytest.param([(10.0, 40.0, 10.5)], -29.5, id="behind"),
        pytest.param([(40.0, 10.0, 40.5), (20.0, 20.002, 20.01)], 0.0, id="it was set right"),
        pytest.param([(10.0, 10.002, 10.005), (71.0, 11.0, 71.1)], 59.999, id="it was set wrong"),
        pytest.param([(10.0, 10.002, 10.005), (11.0, 10.0, 600.0)], 0.999, id="what was stopped meanwhile says little"),
    ],
)
def test_how_far_a_clock_is_ahead(heard: list[tuple[float, float, float]], ahead: float) -> None:
    clock = BrokerClock(lambda: 100.0)
    for sent, appended, acknowledged in heard:
        clock.hear(sent, appended, acknowledged)
    assert clock.ahead == pytest.approx(ahead)
    assert clock.now() == pytest.approx(100.0 - ahead)
