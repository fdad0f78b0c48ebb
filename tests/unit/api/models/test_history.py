from __future__ import annotations

from dataclasses import replace

import pytest

from api.models.history import KnownBy, Look, ModelHistory, Pace, pace
from schemas.catalogue import Catalogue
from tests.unit.api.samples import T0

MODEL = Catalogue().models[0]
START = Look(clock=100.0, arrived=1000, inferred=900, skipped=50, lag=50, least=4, lag_s=1.0, replicas=2)


def after(seconds: float = 5.0, **counts: int) -> Look:
    """A look so many seconds later; `arrived`, `inferred` and `skipped` are what came since."""
    later = {name: getattr(START, name) + counts.pop(name, 0) for name in ("arrived", "inferred", "skipped")}
    return replace(START, clock=START.clock + seconds, **later, **counts)


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (after(arrived=0), Pace(0, 0, 0, None)),
        (after(arrived=100, inferred=80, skipped=10, least=1), Pace(20, 16, 2, None)),
        (after(arrived=100, inferred=80, least=20), Pace(20, 16, 0, 8)),  # all had enough to do: 16 fps of two
        (after(arrived=100, inferred=80, least=20, replicas=1), Pace(20, 16, 0, None)),
        (after(arrived=100, least=20), Pace(20, 0, 0, None)),  # they have just begun
        (replace(after(arrived=100, inferred=80, least=20), replicas=None), Pace(20, 16, 0, None)),
        (after(arrived=-5), Pace()),  # a topic that was made anew
        (after(seconds=0, arrived=5), Pace()),
    ],
)
def test_what_follows_from_two_looks(look: Look, expected: Pace) -> None:
    assert pace(START, look, 12) == expected


def test_who_has_too_little_to_do_is_not_measured() -> None:
    fast = after(arrived=600, inferred=600, least=9)  # 10 a second come to each partition: 9 wait for their commit
    assert pace(replace(START, least=9), fast, 12).replica is None
    assert pace(replace(START, least=9), replace(fast, least=10), 12).replica is None
    assert pace(replace(START, least=10), replace(fast, least=10), 12).replica == 60


def test_the_capacity_is_the_catalogues_until_it_is_measured() -> None:
    history = ModelHistory(Catalogue())
    assert history.now(MODEL.name) is None
    history.add(T0, {MODEL.name: START})
    first = history.now(MODEL.name)
    assert first is not None
    assert (first.capacity_fps, first.capacity_by) == (2 * MODEL.replicas.fps, KnownBy.CATALOGUE)
    history.add(T0, {MODEL.name: after(arrived=200, inferred=80, least=20)})
    history.add(T0, {MODEL.name: after(10, arrived=400, inferred=180, least=20, replicas=2)})
    now = history.now(MODEL.name)
    assert now is not None
    assert (now.capacity_fps, now.capacity_by) == (2 * 9, KnownBy.MEASURED)  # the median of 8 and 10
    assert now.pace.inferred == 18


def test_a_look_without_an_answer_leaves_a_gap_and_no_rate_across_it() -> None:
    history = ModelHistory(Catalogue(), keep=3)
    for looks in ({MODEL.name: START}, {}, {MODEL.name: after(10, arrived=100)}):
        history.add(T0, looks)
    samples = history.samples(MODEL.name, count=9)
    assert [one.lag for one in samples] == [50, None, 50]
    assert [one.pace for one in samples] == [Pace()] * 3
    history.add(T0, {MODEL.name: after(15, arrived=150)})
    kept = history.samples(MODEL.name, count=9)
    assert (len(kept), kept[-1].pace.arrival) == (3, 10)
    assert history.samples(MODEL.name, count=1) == kept[-1:]
    history.add(T0, {})
    assert history.now(MODEL.name) is None


def test_an_answer_in_part_makes_no_rate() -> None:
    history = ModelHistory(Catalogue())
    looks = (START, after(5, arrived=-900), after(10, arrived=100), after(15, arrived=150))
    for look in looks:
        history.add(T0, {MODEL.name: look})
    samples = history.samples(MODEL.name, count=9)
    assert [one.pace.arrival for one in samples] == [None, None, 10, 10]
    assert [one.lag for one in samples] == [50, None, 50, 50]


def test_a_topic_that_was_made_anew_is_believed_at_the_second_look() -> None:
    history = ModelHistory(Catalogue())
    fresh = [replace(START, clock=START.clock + 5 * step, arrived=20 * step, inferred=10 * step) for step in (1, 2, 3)]
    for look in (START, *fresh):
        history.add(T0, {MODEL.name: look})
    assert [one.pace.arrival for one in history.samples(MODEL.name, count=9)] == [None, None, None, 4]


def test_who_works_may_be_unknown_and_the_rest_known() -> None:
    history = ModelHistory(Catalogue())
    history.add(T0, {MODEL.name: replace(START, replicas=None)})
    now = history.now(MODEL.name)
    assert now is not None
    assert (now.replicas, now.capacity_fps, now.lag) == (None, None, 50)
