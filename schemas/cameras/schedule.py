"""When a camera is wanted: its hours in its time zone, over midnight and through changes of the clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.errors import CameraError
from schemas.messages import Camera
from schemas.messages.hours import DAYS, Span, parse_span
from schemas.printable import shown

_DAY = timedelta(days=1)


class Schedule:
    """The hours of `spans` in `zone`; without any a camera is wanted always.

    Of a time of day that a change of the clock repeats or leaves out, the earlier reading begins hours and the later
    one ends them: rather an hour too much than one too little.
    """

    def __init__(self, spans: Iterable[str], zone: tzinfo) -> None:
        self._spans = tuple(parse_span(span) for span in spans)
        self._zone = zone

    @classmethod
    def of(cls, camera: Camera) -> Schedule:
        """The camera's schedule.

        Raises:
            CameraError: Nobody here knows its time zone.
        """
        try:
            zone = ZoneInfo(camera.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise CameraError(
                f"camera {camera.id!r}: timezone = {shown(camera.timezone)}; expected one of the IANA's, as "
                "Europe/Berlin or UTC"
            ) from None
        return cls(camera.schedule, zone)

    def is_open(self, moment: datetime) -> bool:
        """Whether the camera is wanted at `moment`, a time with a zone."""
        return not self._spans or any(start <= moment < end for start, end in self._around(moment))

    def opens(self, moment: datetime) -> datetime | None:
        """When the camera is wanted next, in its own time zone; None: it is now."""
        if self.is_open(moment):
            return None
        # A week has all hours, and the day after it those that begin at this time of day.
        coming = (start for start, _ in self._around(moment, days=8) if start > moment)
        return min(coming).astimezone(self._zone)

    def closed_words(self, moment: datetime) -> str | None:
        """Until when the camera is not wanted, as people read it; None: it is wanted."""
        opens = self.opens(moment)
        if opens is None:
            return None
        return f"outside of its hours until {DAYS[opens.weekday()]} {opens:%Y-%m-%d %H:%M} {self._zone}"

    def _around(self, moment: datetime, *, days: int = 1) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end, in UTC, of the hours that begin from yesterday to `days` from now."""
        today = moment.astimezone(self._zone).date()
        for number in range(-1, days + 1):
            day = today + number * _DAY
            for span in self._spans:
                if day.weekday() in span.days:
                    yield self._bounds(day, span)

    def _bounds(self, day: date, span: Span) -> tuple[datetime, datetime]:
        last = day + _DAY if span.over_midnight else day
        return min(self._readings(day, span.start)), max(self._readings(last, span.end))

    def _readings(self, day: date, at: time) -> tuple[datetime, ...]:
        return tuple(datetime.combine(day, at.replace(fold=fold), self._zone).astimezone(UTC) for fold in (0, 1))
