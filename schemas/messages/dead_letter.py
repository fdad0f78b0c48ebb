"""A frame that no retry can help: its original value, untouched, and headers that say what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.errors import HeaderError
from schemas.messages.address import FrameAddress
from schemas.messages.frame import RawHeaders
from schemas.messages.redrive import Redriven, redriven_from_headers
from schemas.messages.result import address_from_headers
from schemas.names import Header
from schemas.printable import SHOWN, printable, shown

MESSAGE_LIMIT: Final = 1024
_DIGITS: Final = 9
"""Of how often a frame was tried: more is nobody's number."""
_OWN: Final = frozenset(
    {
        Header.ADDRESS,
        Header.ERROR,
        Header.ERROR_MESSAGE,
        Header.ATTEMPTS,
        Header.OMITTED,
        Header.HEADERS_OMITTED,
    }
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a dead letter's headers add to the original ones.

    `original` are the frame's headers, all of them, in order, byte for byte. `value_omitted` says that the original
    value would not fit and only its address is kept; `headers_omitted`, that the headers would not fit either, so that
    `original` holds no more than what says that the frame was sent again.
    """

    address: FrameAddress
    error: str
    message: str
    attempts: int = 1
    value_omitted: bool = False
    headers_omitted: bool = False
    original: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def redriven(self) -> Redriven | None:
        """Which frame this was at first, if it was sent again and died again."""
        return redriven_from_headers(self.original)

    def encode(self) -> RawHeaders:
        """The record's headers: the original ones, then ours."""
        added = {
            Header.ADDRESS: str(self.address),
            Header.ERROR: self.error,
            Header.ERROR_MESSAGE: self.message[:MESSAGE_LIMIT],
            Header.ATTEMPTS: str(self.attempts),
        }
        if self.value_omitted:
            added[Header.OMITTED] = "true"
        if self.headers_omitted:
            added[Header.HEADERS_OMITTED] = "true"
        return [(_kept(name), value) for name, value in self.original] + [
            (name, text.encode()) for name, text in added.items()
        ]


def decode_dead_letter(headers: Iterable[tuple[str, bytes | None]] | None) -> DeadLetter:
    """Read a dead letter's headers.

    Raises:
        HeaderError: One of the headers that every dead letter has is missing or malformed.
    """
    pairs = list(headers or ())
    given = {name: value.decode(errors="replace") for name, value in pairs if name in _OWN and value is not None}
    for name in (Header.ERROR, Header.ERROR_MESSAGE, Header.ATTEMPTS):
        if name not in given:
            raise HeaderError(f"dead letter: header {name} is missing")
    attempts = given[Header.ATTEMPTS]
    if not (attempts.isascii() and attempts.isdecimal() and len(attempts) <= _DIGITS):
        raise HeaderError(f"dead letter: header {Header.ATTEMPTS} = {shown(attempts)}: expected a whole number")
    return DeadLetter(
        address=address_from_headers(pairs),
        error=printable(given[Header.ERROR], SHOWN),
        message=printable(given[Header.ERROR_MESSAGE], MESSAGE_LIMIT),
        attempts=int(attempts),
        value_omitted=given.get(Header.OMITTED) == "true",
        headers_omitted=given.get(Header.HEADERS_OMITTED) == "true",
        original=tuple((name.removeprefix(Header.KEPT), value) for name, value in pairs if name not in _OWN),
    )


def _kept(name: str) -> str:
    """The name under which a dead letter keeps an original header: its own, unless that is one of ours."""
    return f"{Header.KEPT}{name}" if name in _OWN or name.startswith(Header.KEPT) else name
