from __future__ import annotations

import pytest

from deploy.scaling.rule import (
    Thresholds,
    lag_threshold,
    max_replicas,
    rate_threshold,
    replicas_for,
    reported_lag,
    wanted_average,
    wanted_utilisation,
    wanted_value,
)


@pytest.mark.parametrize(
    ("fps", "target_lag_s", "expected"),
    [(60, 2, 120), (5, 2, 10), (0.3, 2, 1), (5, 0.1, 1), (7.5, 1, 7), (240, 1.5, 360)],
)
def test_the_lag_threshold_is_time_in_frames_and_at_least_one(fps: float, target_lag_s: float, expected: int) -> None:
    assert lag_threshold(fps, target_lag_s) == expected


def test_thresholds_of_a_model() -> None:
    assert rate_threshold(5) == pytest.approx(4.0)
    assert Thresholds.of(5.0) == Thresholds(lag=10, activation_lag=1, rate=4.0, activation_rate=0.1)
    assert Thresholds.of(5.0, target_lag_s=1.0, utilisation=0.5).rate == 2.5


@pytest.mark.parametrize(
    ("lag", "threshold", "partitions", "expected"),
    [
        (199, 50, 4, 199),
        (249, 50, 4, 249),  # 249 // 50 = 4, not above 4: nothing is cut, and 5 replicas are asked for
        (250, 50, 4, 200),
        (10_000, 50, 4, 200),
        (0, 50, 4, 0),
    ],
)
def test_the_kafka_scaler_cuts_only_by_the_integer_quotient(
    lag: int, threshold: int, partitions: int, expected: int
) -> None:
    assert reported_lag(lag, threshold, partitions) == expected


def test_without_a_maximum_the_kafka_scaler_asks_for_one_replica_too_many() -> None:
    assert wanted_average(reported_lag(249, 50, 4), 50, replicas=1) == 5
    assert max_replicas(4) == 4


@pytest.mark.parametrize(
    ("value", "target", "replicas", "expected"),
    [
        (0, 50, 3, 0),
        (51, 50, 0, 2),  # nobody there: no tolerance
        (49, 50, 1, 1),
        (55, 50, 1, 1),  # 10 % above: let be
        (55.1, 50, 1, 2),
        (135, 50, 3, 3),  # 10 % below: let be, though ceil says 3 as well
        (134, 50, 3, 3),
        (100, 50, 3, 2),
        (220, 50, 4, 4),  # tolerance stops short of ceil(4.4) = 5
        (221, 50, 4, 5),
        (0.05, 0.1, 0, 1),
    ],
)
def test_average_value(value: float, target: float, replicas: int, expected: int) -> None:
    assert wanted_average(value, target, replicas=replicas) == expected


@pytest.mark.parametrize(
    ("value", "target", "replicas", "ready", "expected"),
    [
        (200, 100, 2, 2, 4),  # Kubernetes' own example: 200m against 100m doubles the replicas,
        (50, 100, 4, 4, 2),  # 50m halves them
        (90, 75, 50, 50, 60),  # and the one of the page on a configurable tolerance: 50 x (90 / 75) = 60
        (110, 100, 3, 3, 3),
        (111, 100, 3, 3, 4),
        (300, 100, 3, 1, 3),  # only one is ready: three times one
        (2, 1, 0, 0, 2),
        (1.0, 1.0, 2, 2, 2),
    ],
)
def test_value(value: float, target: float, replicas: int, ready: int, expected: int) -> None:
    assert wanted_value(value, target, replicas=replicas, ready=ready) == expected


@pytest.mark.parametrize(("partitions", "most", "expected"), [(12, None, 12), (12, 4, 4), (4, 9, 4)])
def test_no_more_replicas_than_partitions(partitions: int, most: int | None, expected: int) -> None:
    assert max_replicas(partitions, most) == expected


@pytest.mark.parametrize(("rate", "expected"), [(0, 0), (0.1, 1), (4, 1), (4.1, 2), (12.5, 4)])
def test_replicas_for_a_steady_arrival(rate: float, expected: int) -> None:
    assert replicas_for(rate, 5.0) == expected


@pytest.mark.parametrize(
    ("uses", "unready", "expected"),
    [
        ([], 0, None),  # nothing was measured
        ([0.8], 0, 1),
        ([0.88], 0, 1),  # 10 % above
        ([1.0], 0, 2),  # 100 / 80 = 1.25
        ([1.0] * 4, 0, 5),
        ([0.4, 0.4], 0, 1),
        ([0.9, 0.2], 0, 2),  # 55 / 80 = 0.69: ceil(1.38)
        ([1.0], 1, 2),  # with the other idle 50 / 80: that would be fewer, so none is added
        ([1.0, 1.0], 1, 3),  # 66 / 80 = 0.83: the same
        ([1.0] * 9, 1, 12),  # 90 / 80 = 1.125: ceil(11.25)
        ([0.2], 1, 1),  # unready pods are left out where fewer are wanted
    ],
)
def test_cpu_utilisation(uses: list[float], unready: int, expected: int | None) -> None:
    assert wanted_utilisation(uses, 0.8, unready=unready, replicas=len(uses) + unready) == expected
