from __future__ import annotations

from api.access import Role
from api.access.sessions import LIFETIME_S, Sessions


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def role_of(sessions: Sessions, key: str) -> Role | None:
    session = sessions.find(key)
    return session.role if session else None


def test_a_session_lasts_until_it_ends() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    viewer, operator = sessions.begin(Role.VIEWER), sessions.begin(Role.OPERATOR)
    assert (role_of(sessions, viewer), role_of(sessions, operator)) == (Role.VIEWER, Role.OPERATOR)
    assert len(viewer) == 43
    assert role_of(sessions, viewer[:-1]) is role_of(sessions, "") is role_of(sessions, "\udcff") is None

    sessions.end(viewer)
    sessions.end(viewer)
    assert role_of(sessions, viewer) is None

    clock.now += LIFETIME_S - 1
    assert role_of(sessions, operator) is Role.OPERATOR
    clock.now += 1
    assert role_of(sessions, operator) is None
    assert len(sessions) == 0


def test_there_are_never_too_many_and_those_that_have_ended_make_room() -> None:
    clock = Clock()
    sessions = Sessions(clock, most=3)
    keys = [sessions.begin(Role.VIEWER) for _ in range(5)]
    assert len(sessions) == 3
    assert [role_of(sessions, key) for key in keys] == [None, None, *[Role.VIEWER] * 3]
    clock.now += LIFETIME_S
    sessions.begin(Role.VIEWER)
    assert len(sessions) == 1


def test_what_is_in_memory_opens_nothing() -> None:
    sessions = Sessions(Clock())
    key = sessions.begin(Role.OPERATOR)
    assert key not in repr(vars(sessions))
