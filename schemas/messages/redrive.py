"""A frame that was sent again, mostly a dead letter: the record of it, and the headers by which it says so itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, NamedTuple

from pydantic import Field, field_validator

from schemas.errors import MessageError
from schemas.messages._base import INT64, Identifier, Message, Timestamp
from schemas.messages.address import FrameAddress
from schemas.messages.frame import Lane, RawHeaders
from schemas.names import Header

_DIGITS: Final = 9
"""Of how often a frame was sent again: more is nobody's number."""
HIGHEST: Final = 10**_DIGITS - 1
"""The highest number that a redriven frame's headers are believed to have; whoever counts stays there."""


class Redrive(Message):
    """One frame was sent again, and the broker has acknowledged it at its new `address`, which may be another model's.

    `letter` is the address of the dead letter, or of the frame that somebody had inferred again; `origin` the one that
    the frame had when it was captured: the same, unless `letter` is itself a frame that was sent again. `number` counts
    from 1 for each origin.
    """

    TITLE: ClassVar[str] = "redrive"

    address: str
    camera: Identifier | None = None
    letter: str
    origin: str
    number: Annotated[int, Field(ge=1), INT64]
    time: Timestamp

    @field_validator("address", "letter", "origin")
    @classmethod
    def _is_address(cls, value: str) -> str:
        FrameAddress.parse(value)
        return value


class Redriven(NamedTuple):
    """What the headers of a frame, a result or a dead letter say of its having been sent again."""

    origin: FrameAddress
    number: int

    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """The headers that say it."""
        return (Header.REDRIVE_OF, str(self.origin).encode()), (Header.REDRIVE, str(self.number).encode())


def redriven_from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> Redriven | None:
    """Which frame this was at first; None where the headers say nothing, or nothing that can be understood.

    Lenient, because it reads what others wrote: a dead letter keeps even malformed headers as they were.
    """
    given = {name: value for name, value in headers or () if name in (Header.REDRIVE_OF, Header.REDRIVE)}
    origin, number = given.get(Header.REDRIVE_OF), given.get(Header.REDRIVE)
    if origin is None or number is None or not number.isdigit() or len(number) > _DIGITS:
        return None
    try:
        return Redriven(FrameAddress.parse(origin.decode()), int(number))
    except (MessageError, UnicodeDecodeError):
        return None


def redriven_headers(original: Iterable[tuple[str, bytes | None]], redriven: Redriven) -> RawHeaders:
    """The headers of a frame that is sent again: the original ones, all of them and in order.

    Only the lane and what says where the frame comes from are set: in their places if they are there (each time, if
    more than once), else behind the others.
    """
    ours = {Header.LANE: Lane.REDRIVE.value.encode(), **dict(redriven.headers())}
    kept = [(name, ours.get(name, value)) for name, value in original]
    there = {name for name, _ in kept}
    return kept + [(name, value) for name, value in ours.items() if name not in there]
