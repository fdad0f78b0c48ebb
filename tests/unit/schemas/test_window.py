from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.errors import WindowError
from schemas.window import Window, milliseconds

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("10m", timedelta(minutes=10)),
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("2026-11-23T10:00Z", timedelta(hours=2)),
        ("2026-11-23T10:00+01:00", timedelta(hours=3)),
        ("2026-11-23 10:00:00.5Z", timedelta(hours=2, seconds=-0.5)),
    ],
)
def test_a_moment_is_an_age_or_a_time_with_a_zone(text: str, ago: timedelta) -> None:
    assert Window.parse(text, None, now=NOW) == Window(since=NOW - ago)
    assert Window.parse(None, text, now=NOW) == Window(until=NOW - ago)


def test_no_option_is_no_window() -> None:
    assert Window.parse(None, None, now=NOW) is None


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("", None, "since = '': expected an age, as 10m"),
        ("10", None, "since = '10': expected an age"),
        ("soon", None, "since = 'soon': expected an age, as 10m, 90s, 1h30m or 2d, or a time with a zone"),
        ("-5m", None, "since = '-5m': expected an age"),
        ("5m3h", None, "since = '5m3h'"),
        ("999999d", None, "since = '999999d'"),
        ("0001-01-01T00:00+14:00", None, "since = '0001-01-01T00:00"),
        ("2026-11-23T10:00", None, "the time has no zone"),
        ("2026-11-23T12:00:01Z", None, "expected a time in the past; now it is 2026-11-23T12:00:00Z"),
        ("0s", None, "expected a time in the past"),
        (None, "2027-01-01T00:00Z", "until = '2027-01-01T00:00Z': expected a time in the past"),
        ("5m", "10m", "since = '5m', until = '10m': expected since to be earlier"),
        ("5m", "5m", "expected since to be earlier"),
        ("x" * 1000, None, "x…: expected"),
    ],
)
def test_a_window_that_is_none_is_refused(since: str | None, until: str | None, words: str) -> None:
    with pytest.raises(WindowError) as refused:
        Window.parse(since, until, now=NOW)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 300


def test_what_a_window_holds() -> None:
    begin, end = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
    window = Window(begin, end)
    edges = (milliseconds(begin), milliseconds(end))
    assert [window.holds(at) for at in (edges[0] - 1, edges[0], edges[1] - 1, edges[1])] == [False, True, True, False]
    assert Window().holds(0)


def test_what_is_before_1970_is_the_beginning() -> None:
    made = Window.parse("1950-01-01T00:00Z", None, now=NOW)
    assert made is not None
    assert made.since is not None
    assert milliseconds(made.since) == 0
