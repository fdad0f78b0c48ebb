"""An outage begins when frames wait for too long, and ends when the broker says something."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from producers.outage import Outage


def silent() -> bool:
    return False


def answering() -> bool:
    return True


def unasked() -> bool:
    raise AssertionError("the broker was asked though frames wait, or there is no outage")


def begun() -> Outage:
    """At 10 s, after 6 s in which frames waited."""
    outage = Outage(5)
    assert not outage.look(4, 0, unasked)
    assert not outage.look(9, 3, unasked)
    assert not outage.lasts
    assert outage.look(10, 7, unasked)
    assert outage.lasts
    return outage


def test_it_is_told_once_when_it_begins() -> None:
    assert not begun().look(10.2, 7, unasked)


def test_where_nothing_waits_there_is_none() -> None:
    outage = Outage(5)
    for now in (0, 100, 200):
        assert not outage.look(now, 0, unasked)
    assert not outage.look(204, 1, unasked), "waiting begins with the first frame that waits"


def test_the_first_frame_of_all_is_waited_for_as_long() -> None:
    outage = Outage(5)
    assert not outage.look(1000, 1, unasked)
    assert not outage.look(1004, 2, unasked)
    assert outage.look(1006, 2, unasked)


def test_who_is_slow_is_not_away() -> None:
    outage = Outage(5)
    for now in range(0, 60, 4):
        assert not outage.look(now, 50, unasked)
        outage.heard(now + 0.5)
    assert not outage.lasts


def test_an_acknowledgement_ends_it_at_once() -> None:
    outage = begun()
    outage.heard(11)
    assert not outage.lasts


@pytest.mark.parametrize(("answers", "ends"), [(answering, True), (silent, False)])
def test_once_nothing_waits_an_answer_ends_it(answers: Callable[[], bool], ends: bool) -> None:
    outage = begun()
    assert not outage.look(20, 2, unasked), "what waits may still be acknowledged"
    assert outage.look(21, 0, answers) is ends
    assert outage.lasts is not ends


def test_after_an_answer_frames_are_waited_for_anew() -> None:
    outage = begun()
    outage.look(21, 0, answering)
    assert not outage.look(25, 3, unasked)
    assert outage.look(27, 3, unasked)
