from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.cameras import Schedule, check_camera, make_camera
from schemas.catalogue import Catalogue
from schemas.errors import CameraError

BERLIN = "Europe/Berlin"
OFFICE = ("mon-fri 08:00-20:00", "sat 22:00-02:00")
# 2026-01-05 is a Monday; Berlin is UTC+1 then. Its clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 to 02:00
# on 2026-10-25, both Sundays, at 01:00 UTC.


def schedule(spans: tuple[str, ...], zone: str = BERLIN) -> Schedule:
    fields = {"id": "door", "source": "pattern:", "models": ["object-detection"], "schedule": spans, "timezone": zone}
    return Schedule.of(make_camera(fields))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spans", "moment", "opens"),
    [
        (OFFICE, "2026-01-05T06:59:59", "2026-01-05T08:00+01:00"),
        (OFFICE, "2026-01-05T07:00:00", None),
        (OFFICE, "2026-01-05T18:59:59", None),
        (OFFICE, "2026-01-05T19:00:00", "2026-01-06T08:00+01:00"),
        (OFFICE, "2026-01-09T19:00:00", "2026-01-10T22:00+01:00"),  # Friday's evening: Saturday night is next
        (OFFICE, "2026-01-10T22:30:00", None),  # Saturday 23:30
        (OFFICE, "2026-01-11T00:59:59", None),  # Sunday 01:59, of Saturday's hours
        (OFFICE, "2026-01-11T01:00:00", "2026-01-12T08:00+01:00"),
        ((), "2026-01-11T01:00:00", None),
        (("00:00-24:00",), "2026-01-11T22:59:59", None),
        (("08:00-08:00",), "2026-01-11T03:00:00", None),
        (("sun 00:00-24:00",), "2026-01-11T22:59:59", None),
        (("sun 00:00-24:00",), "2026-01-11T23:00:00", "2026-01-18T00:00+01:00"),
        (("fri-mon 10:00-11:00",), "2026-01-11T09:30:00", None),
        (("fri-mon 10:00-11:00",), "2026-01-13T09:30:00", "2026-01-16T10:00+01:00"),
        # Wall time is what counts on both sides of a change of the clock.
        (("08:00-20:00",), "2026-03-28T06:59:59", "2026-03-28T08:00+01:00"),
        (("08:00-20:00",), "2026-03-28T19:00:00", "2026-03-29T08:00+02:00"),
        (("08:00-20:00",), "2026-03-29T06:00:00", None),
        (("sat 22:00-06:00",), "2026-03-29T03:59:59", None),  # 05:59 in summer time: an hour less of it
        (("sat 22:00-06:00",), "2026-03-29T04:00:00", "2026-04-04T22:00+02:00"),
        (("sat 22:00-06:00",), "2026-10-25T04:59:59", None),  # 05:59 in winter time: an hour more
        (("sat 22:00-06:00",), "2026-10-25T05:00:00", "2026-10-31T22:00+01:00"),
        # 02:30 is not there on the one day, and twice on the other.
        (("sun 02:30-04:00",), "2026-03-29T00:30:00", None),
        (("sun 02:30-04:00",), "2026-03-29T00:29:59", "2026-03-29T01:30+01:00"),
        (("sun 01:00-02:30",), "2026-03-29T01:29:59", None),
        (("sun 01:00-02:30",), "2026-03-29T01:30:00", "2026-04-05T01:00+02:00"),
        (("sun 02:30-04:00",), "2026-10-25T00:30:00", None),
        (("sun 01:00-02:30",), "2026-10-25T01:29:59", None),
        (("sun 01:00-02:30",), "2026-10-25T01:30:00", "2026-11-01T01:00+01:00"),
    ],
)
def test_when_a_camera_is_wanted(spans: tuple[str, ...], moment: str, opens: str | None) -> None:
    wanted = schedule(spans)
    assert wanted.is_open(at(moment)) is (opens is None)
    assert wanted.opens(at(moment)) == (datetime.fromisoformat(opens) if opens else None)


def test_a_zone_is_where_the_camera_is() -> None:
    moment = at("2026-01-05T03:00:00")
    assert schedule(("mon 10:00-11:00",), "Asia/Shanghai").opens(moment) == at("2026-01-12T02:00:00")
    assert schedule(("mon 11:00-12:00",), "Asia/Shanghai").is_open(moment)
    assert schedule(("mon 03:00-04:00",), "UTC").is_open(moment)


def test_it_says_until_when_a_camera_is_off() -> None:
    words = schedule(OFFICE).closed_words(at("2026-03-28T01:00:00"))
    assert words == "outside of its hours until sat 2026-03-28 22:00 Europe/Berlin"
    assert schedule(OFFICE).closed_words(at("2026-01-05T07:00:00")) is None


@pytest.mark.parametrize(
    "span",
    ["", "monday 08:00-20:00", "mon 8:00-20:00", "mon 08:00", "mon 24:00-08:00", "mon 08:00-24:01", "mon 08:00-25:00",
     "08:00-20:00 mon", "mon,tue 08:00-20:00", "mon-xyz 08:00-20:00"],
)  # fmt: skip
def test_hours_of_another_form_are_refused(span: str) -> None:
    with pytest.raises(CameraError, match=r"camera: schedule\.0 = .*expected days and hours, as mon-fri 08:00-20:00"):
        schedule((span,))


@pytest.mark.parametrize("zone", ["Berlin", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "Europe/Berlin "])
def test_a_zone_that_nobody_knows_is_refused(zone: str) -> None:
    fields = {"id": "door", "source": "pattern:", "models": ["object-detection"], "timezone": zone}
    with pytest.raises(CameraError, match=r"camera 'door': timezone = .*expected one of the IANA's, as Europe/Berlin"):
        check_camera(make_camera(fields), Catalogue())
