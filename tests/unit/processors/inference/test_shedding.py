"""Shedding starts above `max_age`, goes on until frames are fresh, and touches live frames only."""

from __future__ import annotations

import pytest

from processors.inference.shedding import Shedder
from schemas.messages import Lane

LIVE, BATCH, REDRIVE = Lane.LIVE, Lane.BATCH, Lane.REDRIVE


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([(0.0, LIVE, False), (3.9, LIVE, False), (4.0, LIVE, False)], id="in time"),
        pytest.param([(4.1, LIVE, True), (3.0, LIVE, True), (1.1, LIVE, True), (1.0, LIVE, False)], id="hysteresis"),
        pytest.param([(5.0, LIVE, True), (0.9, LIVE, False), (3.9, LIVE, False), (4.1, LIVE, True)], id="again"),
        pytest.param(
            [(99.0, BATCH, False), (99.0, REDRIVE, False), (3.0, LIVE, False)], id="other lanes do not start it"
        ),
        pytest.param([(5.0, LIVE, True), (0.0, BATCH, False), (3.0, LIVE, True)], id="other lanes do not end it"),
        pytest.param([(5.0, LIVE, True), (-1.0, LIVE, False), (3.0, LIVE, False)], id="from the future is fresh"),
    ],
)
def test_decisions(steps: list[tuple[float, Lane, bool]]) -> None:
    shedder = Shedder(max_age=4.0)
    for age, lane, expected in steps:
        assert shedder.sheds(age, lane) is expected
