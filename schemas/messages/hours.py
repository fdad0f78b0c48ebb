"""The hours of a week in which a camera is wanted, as text: `mon-fri 08:00-20:00`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Final

from pydantic import AfterValidator, Field

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM: Final = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)", re.ASCII
)
_EXPECTED: Final = "expected days and hours, as mon-fri 08:00-20:00, sat 22:00-02:00, or 08:00-20:00 for every day"


@dataclass(frozen=True, slots=True)
class Span:
    """Hours that begin on each of `days`, 0 for Monday; an `end` that is not after `start` is on the next day."""

    days: frozenset[int]
    start: time
    end: time

    @property
    def over_midnight(self) -> bool:
        """Whether it ends on the day after it began; from 08:00 to 08:00 it is a whole day."""
        return self.end <= self.start


def parse_span(text: str) -> Span:
    """The hours that `text` states; 24:00 is the day's end.

    Raises:
        ValueError: It has another form, or names no day or time of day.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(_EXPECTED)
    days = frozenset(range(7))
    if match["first"]:
        first, last = (_day(match[name] or match["first"]) for name in ("first", "last"))
        days = frozenset(day % 7 for day in range(first, (last if last >= first else last + 7) + 1))
    return Span(days, _time(match["start"]), _time(match["end"], is_end=True))


def _day(name: str) -> int:
    if name not in DAYS:
        raise ValueError(f"{_EXPECTED}; days are {' '.join(DAYS)}")
    return DAYS.index(name)


def _time(text: str, *, is_end: bool = False) -> time:
    if is_end and text == "24:00":
        return time(0)
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_EXPECTED}; times are 00:00 to 23:59, and an end may be 24:00") from None


def _stated(value: str) -> str:
    parse_span(value)
    return value


Hours = Annotated[str, Field(max_length=64), AfterValidator(_stated)]
"""Days and hours of a week, in the camera's time zone."""
