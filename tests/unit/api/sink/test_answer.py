"""What a receiver's answer means, on a table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.sink.answer import Answer, Verdict, seconds_to_wait

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.TAKEN, [200, 201, 202, 204]),
        (Verdict.AWAY, [None, 301, 302, 307, 308, 401, 403, 404, 405, 408, 421, 425, 429, 502, 503, 504]),
        (Verdict.GONE, [410]),
        (Verdict.REFUSED, [400, 402, 406, 409, 411, 413, 414, 415, 422, 431, 451]),
        (Verdict.FAILED, [500, 501, 505, 507, 511, 599]),
    ],
)
def test_whose_fault_it_is(verdict: Verdict, statuses: list[int | None]) -> None:
    assert {status for status in statuses if Answer(status, "").verdict is not verdict} == set()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 3600.0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("Sun, 31 Jan 2027 12:00:00 GMT", 3600.0),
        ("Sat, 31 Jan 2026 12:00:30 -0000", 30.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("soon", 0.0),
        ("²", 0.0),
        ("", 0.0),
        (None, 0.0),
    ],
)
def test_how_long_it_asks_us_to_wait(given: str | None, seconds: float) -> None:
    assert seconds_to_wait(given, now=NOW) == seconds
