"""Dead letters, and the times that they were sent again: what is known of them, in memory, bounded; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.messages import FrameAddress, Redrive, Redriven
from schemas.messages.redrive import HIGHEST

SHOWN: Final = 200
"""Characters of a key that are kept: what is longer is no camera's name."""
_SPARE: Final = 1.25


class Fate(StrEnum):
    """What became of a frame that was sent again."""

    WAITING = "waiting"
    """It is in the log, and no worker has come to it."""
    INFERRED = "inferred"
    DEAD = "dead again"
    EXPIRED = "expired"
    """Retention took it before a worker read it."""
    UNKNOWN = "unknown"
    """Its outcome was not found in the time that there was to look for it; an audit reads everything."""


class Letter(NamedTuple):
    """One dead letter without its bytes.

    `at` is when the broker appended it; `size` the bytes of its value, None where that was omitted; `redriven` says
    that the frame had been sent again before; `place` is its partition and offset in the topic of dead letters.
    """

    address: FrameAddress
    at: datetime
    camera: str
    error: str
    message: str
    attempts: int
    size: int | None
    redriven: Redriven | None
    place: tuple[int, int]

    @property
    def origin(self) -> FrameAddress:
        """The address that the frame had when it was captured."""
        return self.redriven.origin if self.redriven else self.address

    @property
    def line(self) -> tuple[FrameAddress, str]:
        """What it has in common with the letters of the same frame for the same model."""
        return self.origin, self.address.model

    @property
    def number(self) -> int:
        """How often it had been sent again."""
        return self.redriven.number if self.redriven else 0


class Sending(NamedTuple):
    """One time that a dead letter was sent again; without a record of it, known from its second death alone.

    `at` is when the broker appended the frame at its new `address`.
    """

    origin: FrameAddress
    number: int
    address: FrameAddress
    letter: FrameAddress | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters somebody wants; what is None does not matter, `error` is the name of a class in schemas/errors."""

    model: str | None = None
    camera: str | None = None
    error: str | None = None
    since: datetime | None = None

    def matches(self, letter: Letter) -> bool:
        """Whether `letter` is wanted."""
        return (
            self.model in (None, letter.address.model)
            and self.camera in (None, letter.camera)
            and self.error in (None, letter.error)
            and (self.since is None or letter.at >= self.since)
        )


class Letters:
    """The newest `keep` dead letters by their frame's address, and as many of the times that they were sent again."""

    def __init__(self, keep: int) -> None:
        self.forgotten = 0
        self._keep = keep
        self._letters: dict[FrameAddress, Letter] = {}
        self._sendings: dict[FrameAddress, dict[FrameAddress, Sending]] = {}
        self._sent = 0

    def __len__(self) -> int:
        """How many dead letters are known."""
        return len(self._letters)

    def add(self, letter: Letter) -> None:
        """Learn of a dead letter; of two for the same frame (a redelivery) the newer counts."""
        before = self._letters.get(letter.address)
        if before is None or (letter.at, letter.place) >= (before.at, before.place):
            self._letters[letter.address] = letter
        if letter.redriven and letter.address not in self._sendings.get(letter.origin, {}):
            self._add_sending(Sending(letter.origin, letter.number, letter.address))
        if len(self._letters) > self._keep * _SPARE:
            self._forget_oldest()

    def add_redrive(self, redrive: Redrive) -> None:
        """Learn that a dead letter was sent again."""
        origin, letter = FrameAddress.parse(redrive.origin), FrameAddress.parse(redrive.letter)
        self._add_sending(Sending(origin, redrive.number, FrameAddress.parse(redrive.address), letter, redrive.time))

    def get(self, address: FrameAddress) -> Letter | None:
        """The dead letter of the frame at `address`."""
        return self._letters.get(address)

    def matching(self, wanted: LetterFilter) -> list[Letter]:
        """The dead letters that are wanted, newest first."""
        return sorted((letter for letter in self._letters.values() if wanted.matches(letter)), key=order, reverse=True)

    def sendings(self, origin: FrameAddress) -> list[Sending]:
        """Each time that the frame which was at `origin` at first was sent again, in order."""
        return sorted(self._sendings.get(origin, {}).values(), key=lambda sending: (sending.number, sending.address))

    def later(self, letter: Letter) -> list[Sending]:
        """Each time that it was sent again, to the same model, after it became this letter."""
        return [sending for sending in self._of_line(letter) if sending.number > letter.number]

    def pending(self, letter: Letter) -> Sending | None:
        """The last time that this frame was sent again, unless it died of that too: there is nothing to do then."""
        sendings = self._of_line(letter)
        # More than one may have the last number: whoever was killed before it could write down the first.
        last = [sending for sending in sendings if sending.number == sendings[-1].number]
        return next((sending for sending in last if sending.address not in self._letters), None)

    def next_number(self, letter: Letter) -> int:
        """What number the next sending of this frame has, to whatever model; one that its readers believe, whatever
        records claim.
        """
        last = max([letter.number, *(sending.number for sending in self.sendings(letter.origin))])
        return min(last + 1, HIGHEST)

    def newest(self, wanted: LetterFilter) -> list[Letter]:
        """Of each frame and model the newest dead letter, if that is wanted, newest first; what it died of before is
        past.
        """
        newest: dict[tuple[FrameAddress, str], Letter] = {}
        for letter in self.matching(LetterFilter()):
            newest.setdefault(letter.line, letter)
        return [letter for letter in newest.values() if wanted.matches(letter)]

    def _of_line(self, letter: Letter) -> list[Sending]:
        return [one for one in self.sendings(letter.origin) if one.address.model == letter.address.model]

    def _add_sending(self, sending: Sending) -> None:
        of_origin = self._sendings.setdefault(sending.origin, {})
        self._sent += sending.address not in of_origin
        of_origin[sending.address] = sending
        while self._sent > self._keep * _SPARE:
            self._sent -= len(self._sendings.pop(next(iter(self._sendings))))

    def _forget_oldest(self) -> None:
        oldest = sorted(self._letters.values(), key=order)[: len(self._letters) - self._keep]
        for letter in oldest:
            del self._letters[letter.address]
        self.forgotten += len(oldest)


def order(letter: Letter) -> tuple[datetime, tuple[int, int]]:
    """What letters are sorted by: the broker's time, then their place."""
    return letter.at, letter.place
