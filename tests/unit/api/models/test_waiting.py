"""The age of the oldest frame that waits, found by asking what was appended since a moment."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from api.log.kafka import Log, Offsets
from api.models.waiting import AGES, WaitingReader
from schemas.settings import Settings

NOW = 1_769_860_800.0


class Logs(Offsets):
    """Logs in memory: of each the ages of its frames, the oldest first."""

    def __init__(self, ages: Mapping[Log, list[float]]) -> None:
        super().__init__(Settings())
        self._ages = ages
        self.asked = 0

    def since(self, moments_ms: Mapping[Log, int], *, deadline: float) -> dict[Log, int | None]:
        self.asked += 1
        return {
            log: next((n for n, age in enumerate(self._ages[log]) if (NOW - age) * 1000 >= moment), None)
            for log, moment in moments_ms.items()
        }


def ages(logs: Logs, waiting: Mapping[str, Mapping[Log, int]]) -> dict[str, float]:
    return WaitingReader(logs, lambda: NOW).ages(waiting, deadline=0.0)


@pytest.mark.parametrize("age", [0.15, 1.0, 4.99, 5.01, 60.0, 3600.0, 86_400.0])
def test_an_age_is_at_most_a_tenth_too_high(age: float) -> None:
    logs = Logs({("f.a", 0): [age, age / 2, 0.0]})
    found = ages(logs, {"a": {("f.a", 0): 0}})
    assert age <= found["a"] <= 1.11 * age
    assert logs.asked <= 8


def test_the_oldest_of_all_partitions_counts_and_only_from_where_it_waits() -> None:
    logs = Logs({("f.a", 0): [600.0, 30.0], ("f.a", 1): [600.0, 90.0, 2.0], ("f.b", 0): [7.0]})
    waiting = {"a": {("f.a", 0): 1, ("f.a", 1): 2}, "b": {("f.b", 0): 0}, "idle": {}}
    found = ages(logs, waiting)
    assert found == {"a": pytest.approx(30, rel=0.11), "b": pytest.approx(7, rel=0.11), "idle": 0.0}
    assert logs.asked <= 8, "one question is for all models"


def test_what_is_older_than_the_longest_age_has_that_one() -> None:
    assert ages(Logs({("f.a", 0): [1e9]}), {"a": {("f.a", 0): 0}}) == {"a": AGES[-1]}
    assert AGES[-1] > 4 * 86_400
