"""What became of the frame at an address: its result, its dead letter, or the record that it was skipped."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from confluent_kafka import Message

from api.dead_letters import Desk, LetterEntry
from api.dead_letters.report import SendingEntry
from api.frames.cache import StoredFrame
from api.frames.reader import ANY, Expected, FrameExpiredError, FrameReader
from api.frames.whereabouts import Whereabouts
from api.log.kafka import Offsets, appended_at, headers_of
from api.log.walk import LogWalker
from api.result_record import ResultRecord, read_record
from api.store import ResultStore
from schemas.errors import MessageError
from schemas.messages import FrameAddress, Skip, SkipReason, address_from_headers
from schemas.settings import Settings
from schemas.window import CLOCK_SKEW_MS, milliseconds

_SEARCH_S: Final = 6.0
_ANSWER_S: Final = 3.0
_FETCHED: Final = 128 * 1024
"""Bytes of a partition that are fetched at once: mostly a few records are looked at."""
_UNREAD: Final = "retention took it before a worker read it"


class Fate(StrEnum):
    """What became of a frame."""

    INFERRED = "inferred"
    DEAD = "dead-lettered"
    SKIPPED = "skipped"
    WAITING = "waiting"
    """It is in the log, and no worker has finished it."""
    EXPIRED = "expired"
    """Retention took it before a worker read it."""
    UNKNOWN = "unknown"
    """Nothing was found where it was looked for."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a frame was not inferred, and when that was recorded."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OutcomeOf:
    """What is known of one frame; `stored` is None where the log does not have it any more."""

    address: FrameAddress
    fate: Fate
    detail: str | None = None
    stored: StoredFrame | None = None
    results: tuple[ResultRecord, ...] = ()
    skipped: Skipped | None = None
    letter: LetterEntry | None = None
    sendings: tuple[SendingEntry, ...] = ()


@dataclass(slots=True)
class _Found:
    """What a search has found."""

    records: list[ResultRecord] = field(default_factory=list)
    skipped: Skipped | None = None
    complete: bool = False


class OutcomeFinder:
    """Looks in memory first, then in the log from the frame's append on; blocking, thread-safe.

    There is no index from a frame to its outcome. But an outcome is appended after its frame and mostly soon after, so
    that reading from there finds it. Of a frame that retention has taken, when it was appended is found out by what was
    inferred when (see `Whereabouts`).
    """

    def __init__(self, settings: Settings, frames: FrameReader, results: ResultStore) -> None:
        self._names = settings.names
        self._frames = frames
        self._results = results
        self._offsets = Offsets(settings)
        self._walker = LogWalker(settings, self._offsets, partition_bytes=_FETCHED)
        self._whereabouts = Whereabouts(self._offsets, self._walker)

    def find(self, address: FrameAddress, desk: Desk, expected: Expected = ANY) -> OutcomeOf:
        """What became of the frame at `address`, which must be the `expected` one.

        Raises:
            FrameNotFoundError: There is none at that address (yet).
            OtherFrameError: Another frame is there.
            EnvironmentMissingError: Kafka gives no answer.
        """
        stored = self._stored(address, expected)
        log = (self._names.frames(address.model), address.partition)
        group = {self._names.inference_group(address.model): [log]}
        # What is committed has an outcome in the log: so this comes first.
        deadline = time.monotonic() + _ANSWER_S
        committed = self._offsets.committed(group, deadline=deadline).get(log, 0)
        gone = address.offset < self._offsets.starts([log], deadline=deadline)[log]
        letter, sendings = self._letters(address, desk, stored)
        found = self._result(address, stored, expected, passed=address.offset < committed and letter is None)
        known = OutcomeOf(
            address, Fate.UNKNOWN, None, stored, tuple(found.records), found.skipped, letter, tuple(sendings)
        )
        fate, detail = _fate(known, committed, gone=gone, complete=found.complete)
        return replace(known, fate=fate, detail=detail)

    def result(self, stored: StoredFrame) -> ResultRecord | None:
        """The result of a frame that is in the log; None where none was found.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        records = self._result(stored.address, stored, ANY, passed=True).records
        return records[0] if records else None

    def close(self) -> None:
        """Leave the broker."""
        self._walker.close()
        self._offsets.close()

    def _stored(self, address: FrameAddress, expected: Expected) -> StoredFrame | None:
        try:
            return self._frames.fetch(address, expected)
        except FrameExpiredError:
            return None

    def _letters(
        self, address: FrameAddress, desk: Desk, stored: StoredFrame | None
    ) -> tuple[LetterEntry | None, tuple[SendingEntry, ...]]:
        origin = stored.info.redrive_of if stored and stored.info else None
        letter, sendings = desk.about(address, origin or address)
        if stored is None:
            return letter, sendings
        # What was recorded before the frame was appended is about another one, in a topic that is no more.
        begin = stored.appended_at - timedelta(milliseconds=CLOCK_SKEW_MS)
        if letter is not None and datetime.fromisoformat(letter.at) < begin:
            letter = None
        later = [one for one in sendings if one.at is None or datetime.fromisoformat(one.at) >= begin]
        return letter, tuple(one for one in later if one.address != str(address))

    def _result(self, address: FrameAddress, stored: StoredFrame | None, expected: Expected, *, passed: bool) -> _Found:
        """The results that are in memory; else what the log has, if it is worth a look since the frame is `passed`."""
        known = [record for record in self._results.of(str(address)) if _is_of(record, stored, expected)]
        if known or not passed:
            return _Found(known)
        deadline = time.monotonic() + _SEARCH_S
        results = self._names.results(address.model)
        counts = self._offsets.partitions([results, self._names.skips], deadline=deadline)
        logs = [(topic, number) for topic, count in counts.items() for number in range(count)]
        if stored is not None:
            since: int | None = milliseconds(stored.appended_at)
        else:
            of_results = [log for log in logs if log[0] == results]
            since = self._whereabouts.since(address, of_results, deadline=deadline)
        found = _Found()
        # First where it should be; then, since brokers' clocks may differ, a little before.
        for begin, until in ((since, None), (max(since - CLOCK_SKEW_MS, 0), since)) if since is not None else ():
            found.complete = False
            positions = self._offsets.at(logs, begin, deadline=deadline)
            take = partial(self._take, found, address, stored, expected)
            while not found.complete and time.monotonic() < deadline:
                page = self._walker.page(positions, take, limit=1, until_ms=until)
                if page.found:
                    return found
                positions, found.complete = page.positions, page.complete
        return found

    def _take(
        self, found: _Found, address: FrameAddress, stored: StoredFrame | None, expected: Expected, message: Message
    ) -> list[bool]:
        """Keep what is about this frame; whether it was."""
        with suppress(MessageError):  # an audit names it
            if message.topic() == self._names.skips:
                skip = Skip.from_json(message.value())
                if skip.holds(address):
                    found.skipped = Skipped(str(skip.reason), appended_at(message))
                    return [True]
            elif address_from_headers(headers_of(message)) == address:
                record = read_record(message, self._names)
                if _is_of(record, stored, expected):
                    found.records.append(record)
                    return [True]
        return []


def _is_of(record: ResultRecord, stored: StoredFrame | None, expected: Expected) -> bool:
    """Whether a result is of the very frame that is meant, and not of one that had its address before."""
    frame = record.result.frame
    names = ("camera", "run", "seq", "captured_at")
    meant = stored.info if stored and stored.info else expected
    return all(getattr(meant, name) in (None, getattr(frame, name)) for name in names)


def _fate(known: OutcomeOf, committed: int, *, gone: bool, complete: bool) -> tuple[Fate, str | None]:
    """Of several outcomes the one that an audit counts."""
    if known.results:
        return Fate.INFERRED, None
    if known.letter:
        return Fate.DEAD, known.letter.message
    if known.skipped:
        expired = known.skipped.reason == SkipReason.EXPIRED
        return (Fate.EXPIRED, _UNREAD) if expired else (Fate.SKIPPED, f"skipped as {known.skipped.reason}")
    return _without_record(known, committed, gone=gone, complete=complete)


def _without_record(known: OutcomeOf, committed: int, *, gone: bool, complete: bool) -> tuple[Fate, str]:
    """What can be said where no outcome was found; `gone`: the log does not have the frame any more."""
    if known.address.offset >= committed and gone:
        return Fate.EXPIRED, f"{_UNREAD}; the next one records that"
    if known.address.offset >= committed:
        return Fate.WAITING, f"the workers of {known.address.model} are at offset {committed} of its partition"
    if complete:
        return Fate.UNKNOWN, "no outcome of it is in the log: an audit says whether it was lost"
    if known.stored is None:
        return Fate.UNKNOWN, "it has expired, and among the outcomes that are left nothing says when it was inferred"
    return Fate.UNKNOWN, f"no outcome was found in {_SEARCH_S:g} s; an audit reads everything"
