"""Dead letters as JSON: what the API answers, and `framebus dead-letter … --json`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict

from api.dead_letters.letters import Fate, Letter, Letters, Sending
from api.dead_letters.outcome import Done, Outcome
from schemas.messages import FrameAddress, RawHeaders, format_time


class SendingEntry(BaseModel):
    """One time that a frame was sent again: from the dead letter `letter` to `address`, and what became of it there.

    `letter` and `at` are null where the record of it was lost: then only its second death tells of it.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    letter: str | None
    address: str
    at: str | None
    outcome: Fate

    @classmethod
    def of(cls, sending: Sending, fates: Mapping[FrameAddress, Fate]) -> Self:
        """`sending` with its outcome."""
        return cls(
            number=sending.number,
            letter=str(sending.letter) if sending.letter else None,
            address=str(sending.address),
            at=format_time(sending.at) if sending.at else None,
            outcome=fates.get(sending.address, Fate.UNKNOWN),
        )


class LetterEntry(BaseModel):
    """One dead letter.

    `size` is its value's bytes, null where the value did not fit and only its address was kept. A frame that had been
    sent again before has the address that it had at first in `redrive_of`, and how often in `redrive`. `redrives` are
    the times that it was sent again since; the last one's outcome is what became of it.
    """

    model_config = ConfigDict(frozen=True)

    address: str
    at: str
    camera: str
    error: str
    message: str
    attempts: int
    size: int | None
    redrive_of: str | None = None
    redrive: int | None = None
    redrives: tuple[SendingEntry, ...] = ()

    @classmethod
    def of(cls, letter: Letter, letters: Letters, fates: Mapping[FrameAddress, Fate]) -> Self:
        """`letter` with what became of it."""
        return cls(
            address=str(letter.address),
            at=format_time(letter.at),
            camera=letter.camera,
            error=letter.error,
            message=letter.message,
            attempts=letter.attempts,
            size=letter.size,
            redrive_of=str(letter.redriven.origin) if letter.redriven else None,
            redrive=letter.redriven.number if letter.redriven else None,
            redrives=tuple(SendingEntry.of(sending, fates) for sending in letters.later(letter)),
        )


class HeaderEntry(BaseModel):
    """One original header: `text` where its value is UTF-8, else `base64`; neither where it is null."""

    model_config = ConfigDict(frozen=True)

    name: str
    text: str | None = None
    base64: str | None = None

    def __str__(self) -> str:
        value = self.text if self.text is not None else f"base64 {self.base64}" if self.base64 is not None else "(null)"
        return f"{self.name}: {value}"

    @classmethod
    def of(cls, name: str, value: bytes | None) -> Self:
        """The header `name`."""
        if value is None:
            return cls(name=name)
        try:
            return cls(name=name, text=value.decode())
        except UnicodeDecodeError:
            return cls(name=name, base64=base64.b64encode(value).decode())


class LetterDetail(BaseModel):
    """Everything about one dead letter but its bytes; `history` is every time that its frame was sent again."""

    model_config = ConfigDict(frozen=True)

    letter: LetterEntry
    headers: tuple[HeaderEntry, ...]
    history: tuple[SendingEntry, ...] = ()

    @classmethod
    def of(cls, entry: LetterEntry, headers: RawHeaders, history: tuple[SendingEntry, ...]) -> Self:
        """`entry` with its original headers."""
        return cls(letter=entry, headers=tuple(HeaderEntry.of(*header) for header in headers), history=history)


class OutcomeEntry(BaseModel):
    """What came of the wish to send one dead letter again; `to` is the frame's new address."""

    model_config = ConfigDict(frozen=True)

    address: str
    outcome: Done
    detail: str = ""
    to: str | None = None
    number: int | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """`outcome` with its addresses as text."""
        return cls(
            address=str(outcome.address),
            outcome=outcome.done,
            detail=outcome.detail,
            to=str(outcome.to) if outcome.to else None,
            number=outcome.number,
        )
