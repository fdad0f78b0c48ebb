from __future__ import annotations

import random

import pytest

from tests.soak.flatness import Tolerance, Trend, theil_sen

HOUR = [10.0 * look for look in range(360)]
NOISE = random.Random(3)


def wavy(level: float) -> list[float]:
    return [level + NOISE.uniform(-5, 5) for _ in HOUR]


SERIES = [
    ("constant", [100.0] * 360, True),
    ("noise", wavy(100.0), True),
    ("leak of 60 an hour", [value + at / 60 for at, value in zip(HOUR, wavy(100.0), strict=True)], False),
    ("leak of 5 an hour", [value + at / 720 for at, value in zip(HOUR, wavy(100.0), strict=True)], True),
    ("falling", [100.0 - at / 60 for at in HOUR], True),
    ("burst at the end", [100.0] * 340 + [500.0] * 20, True),
    ("visits", [100.0 + 50 * (look % 30 < 10) for look in range(360)], True),
    ("leak under visits", [100.0 + 50 * (look % 30 < 10) + look / 10 for look in range(360)], False),
]


@pytest.mark.parametrize(("values", "flat"), [row[1:] for row in SERIES], ids=[row[0] for row in SERIES])
def test_what_counts_as_flat(values: list[float], flat: bool) -> None:
    assert Trend.of(HOUR, values).is_flat(Tolerance(10.0)) is flat


@pytest.mark.parametrize(("rise", "flat"), [(40.0, True), (60.0, False)])
def test_a_share_is_tolerated_where_it_is_more(rise: float, flat: bool) -> None:
    values = [1000.0 + rise * at / 3600 * 4 / 3 for at in HOUR]
    assert Trend.of(HOUR, values).is_flat(Tolerance(10.0, share=0.05)) is flat


def test_two_hours_may_rise_twice_as_much() -> None:
    twice = [2 * at for at in HOUR]
    assert Trend.of(twice, [100 + 9 * at / 3600 for at in twice]).is_flat(Tolerance(10.0))


def test_a_quarter_of_wild_points_does_not_move_the_slope() -> None:
    ys = [3.0 * x for x in range(40)]
    for index in range(0, 40, 4):
        ys[index] = 1e6
    assert theil_sen(range(40), ys) == pytest.approx(3.0)


def test_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="7 samples: expected 8"):
        Trend.of(range(7), [1.0] * 7)
