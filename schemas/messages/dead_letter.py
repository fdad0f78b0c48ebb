"""A frame that no retry can help: its original value, untouched, and headers that say what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.errors import HeaderError
from schemas.messages.address import FrameAddress
from schemas.messages.frame import Headers
from schemas.messages.result import address_from_headers
from schemas.names import Header

MESSAGE_LIMIT: Final = 1024
_OWN: Final = frozenset({Header.ADDRESS, Header.ERROR, Header.ERROR_MESSAGE, Header.ATTEMPTS, Header.OMITTED})


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a dead letter's headers add to the original ones.

    `value_omitted` says that the original value would not fit and only its address is kept.
    """

    address: FrameAddress
    error: str
    message: str
    attempts: int = 1
    value_omitted: bool = False
    original: tuple[tuple[str, bytes], ...] = ()

    def encode(self) -> Headers:
        """The record's headers: the original ones, then ours."""
        added = {
            Header.ADDRESS: str(self.address),
            Header.ERROR: self.error,
            Header.ERROR_MESSAGE: self.message[:MESSAGE_LIMIT],
            Header.ATTEMPTS: str(self.attempts),
        }
        if self.value_omitted:
            added[Header.OMITTED] = "true"
        kept = [(name, value) for name, value in self.original if name not in _OWN]
        return kept + [(name, text.encode()) for name, text in added.items()]


def decode_dead_letter(headers: Iterable[tuple[str, bytes | None]] | None) -> DeadLetter:
    """Read a dead letter's headers.

    Raises:
        HeaderError: One of the headers that every dead letter has is missing or malformed.
    """
    pairs = [(name, value) for name, value in headers or () if value is not None]
    given = {name: value.decode(errors="replace") for name, value in pairs}
    for name in (Header.ERROR, Header.ERROR_MESSAGE, Header.ATTEMPTS):
        if name not in given:
            raise HeaderError(f"dead letter: header {name} is missing")
    attempts = given[Header.ATTEMPTS]
    if not attempts.isdecimal():
        raise HeaderError(f"dead letter: header {Header.ATTEMPTS} = {attempts[:80]!r}: expected a whole number")
    return DeadLetter(
        address=address_from_headers(pairs),
        error=given[Header.ERROR],
        message=given[Header.ERROR_MESSAGE],
        attempts=int(attempts),
        value_omitted=given.get(Header.OMITTED) == "true",
        original=tuple((name, value) for name, value in pairs if name not in _OWN),
    )
