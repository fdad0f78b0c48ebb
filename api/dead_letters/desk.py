"""The desk where dead letters are worked on: what the routes and the command line call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from api.dead_letters.fates import FateReader
from api.dead_letters.letters import Letter, LetterFilter, Letters, order
from api.dead_letters.originals import Original, Originals
from api.dead_letters.outcome import Outcome
from api.dead_letters.reader import LetterReader, soon
from api.dead_letters.redriver import Redriver
from api.dead_letters.report import LetterDetail, LetterEntry, SendingEntry
from api.log.kafka import Offsets
from api.log.record_reader import RecordReader
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError, FramebusError
from schemas.messages import FrameAddress
from schemas.settings import Settings

KEPT: Final = 10_000
"""Dead letters that are known, the newest: about 10 MB."""
_FETCH_S: Final = 10.0


class LetterNotFoundError(FramebusError):
    """There is no dead letter of the frame at that address."""


class Desk:
    """Finds dead letters, and sends them again; blocking, thread-safe: one caller at a time, the others wait.

    Args:
        settings: The installation.
        catalogue: Letters of other models are shown, but not sent again.
        keep: How many letters to know, the newest.
        since: Leave out older ones.
        deadline_s: Seconds that reading what is new may take, and as many to find out what became of letters.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        *,
        keep: int = KEPT,
        since: datetime | None = None,
        deadline_s: float = 8.0,
    ) -> None:
        self._lock = threading.Lock()
        self._deadline_s = deadline_s
        self._offsets = Offsets(settings)
        self._reader = LetterReader(settings, self._offsets, keep=keep, since=since)
        self._records = RecordReader(settings)
        self._originals = Originals(settings.names, self._records)
        self._fates = FateReader(settings, self._offsets)
        self._redriver = Redriver(settings, catalogue, self._offsets, self._originals)

    def find(self, wanted: LetterFilter, *, before: tuple[datetime, tuple[int, int]] | None = None) -> list[Letter]:
        """The dead letters that are wanted, newest first; with `before` only those that `order` puts before it.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._fresh() as letters:
            return [letter for letter in letters.matching(wanted) if before is None or order(letter) < before]

    def workable(self, wanted: LetterFilter, *, again: bool = False) -> tuple[list[Letter], int]:
        """The newest letter of each frame, if it is wanted and may be sent again, the oldest first; and how many are
        wanted, but may not: they were sent again and have not died since.

        With `again`, all may.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._fresh() as letters:
            newest = letters.newest(wanted)
            workable = [letter for letter in newest if again or letters.pending(letter) is None]
            return workable[::-1], len(newest) - len(workable)

    def entries(self, found: Sequence[Letter]) -> list[LetterEntry]:
        """`found` with what became of each.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._held():
            letters = self._reader.letters
            later = [sending for letter in found for sending in letters.later(letter)]
            fates = self._fates.find(later, letters, deadline=soon(self._deadline_s))
            return [LetterEntry.of(letter, letters, fates) for letter in found]

    def detail(self, address: FrameAddress) -> LetterDetail:
        """Everything about one letter but its bytes.

        Raises:
            LetterNotFoundError: There is none.
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._fresh() as letters:
            letter = self._get(address)
            sendings = letters.sendings(letter.origin)
            fates = self._fates.find(sendings, letters, deadline=soon(self._deadline_s))
            headers = self._originals.headers(letter, deadline=soon(_FETCH_S))
            history = tuple(SendingEntry.of(sending, fates) for sending in sendings)
            return LetterDetail.of(LetterEntry.of(letter, letters, fates), headers, history)

    def about(self, address: FrameAddress, origin: FrameAddress) -> tuple[LetterEntry | None, tuple[SendingEntry, ...]]:
        """The letter of the frame at `address`, None where it has none, and every time that the frame which was at
        `origin` at first was sent again, to whatever model.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._fresh() as letters:
            letter = letters.get(address)
            sendings = letters.sendings(origin)
            fates = self._fates.find(sendings, letters, deadline=soon(self._deadline_s))
            entry = LetterEntry.of(letter, letters, fates) if letter else None
            return entry, tuple(SendingEntry.of(sending, fates) for sending in sendings)

    def send_frame(self, frame: Letter, original: Original, model: str) -> Outcome:
        """Send a frame that need not be dead to `model`; see `Redriver.send_frame`.

        Raises:
            EnvironmentMissingError: Kafka gives no answer: nothing was sent.
        """
        with self._fresh() as letters:
            return self._redriver.send_frame(frame, original, letters, model)

    def original(self, address: FrameAddress) -> Original:
        """The frame that became the letter, byte for byte.

        Raises:
            LetterNotFoundError: There is none.
            OriginalGoneError: Its bytes are nowhere any more.
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._fresh():
            return self._originals.fetch(self._get(address), deadline=soon(_FETCH_S))

    def refusals(self, addresses: Iterable[FrameAddress], *, again: bool = False) -> list[Outcome]:
        """Which of these letters could not be sent again now, and why, as far as that can be told beforehand.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in time.
        """
        with self._fresh() as letters:
            every = (self._redriver.refusal(address, letters, again=again) for address in addresses)
            return [refusal for refusal in every if refusal]

    def redrive(
        self, addresses: Sequence[FrameAddress], *, again: bool = False, report: Callable[[Outcome], None]
    ) -> None:
        """Send these letters again, and tell what came of each as soon as that is certain.

        Raises:
            EnvironmentMissingError: Kafka gives no answer: nothing was sent.
        """
        with self._fresh() as letters:
            self._redriver.send(addresses, letters, again=again, report=report)

    @property
    def known(self) -> int:
        """How many letters are known."""
        return len(self._reader.letters)

    @property
    def malformed(self) -> int:
        """How many records could not be read."""
        return self._reader.malformed

    def close(self, *, timeout_s: float = -1.0) -> None:
        """Leave the broker; with somebody still at work here after `timeout_s` (-1: never), leave it to the process."""
        if self._lock.acquire(timeout=timeout_s):
            for part in (self._reader, self._records, self._fates, self._redriver, self._offsets):
                part.close()

    def _get(self, address: FrameAddress) -> Letter:
        letter = self._reader.letters.get(address)
        if letter is None:
            raise LetterNotFoundError(
                f"dead letter {address}: there is none among the {self.known:,} that are known; "
                "framebus dead-letter list shows those there are"
            )
        return letter

    @contextmanager
    def _fresh(self) -> Iterator[Letters]:
        with self._held():
            self._reader.refresh(deadline=soon(self._deadline_s))
            yield self._reader.letters

    @contextmanager
    def _held(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=2 * self._deadline_s):
            raise EnvironmentMissingError("the dead letters are being worked on by somebody else: try again")
        try:
            yield
        finally:
            self._lock.release()
