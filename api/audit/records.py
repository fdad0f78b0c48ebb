"""The records that everybody wrote, into a ledger: never a JPEG, and of results and dead letters the headers only."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from confluent_kafka import Message

from api.audit.window import WindowBounds
from api.log.kafka import Log, headers_of
from api.metrics import ERRORS
from schemas.errors import MessageError, NewerRecordError
from schemas.ledger import Ledger, MalformedRecord, Outcome
from schemas.messages import (
    CaptureClaim,
    CropCounts,
    FrameAddress,
    PartitionRanges,
    Redrive,
    Skip,
    SkipReason,
    address_from_headers,
    cropped_from_headers,
    decode_capture,
    redriven_from_headers,
)
from schemas.names import IDENTIFIER, Header, Names
from schemas.window import Window

log = logging.getLogger(__name__)

_SLACK: Final = 1_000_000
"""How far beyond a log's end, as it was when a refresh began, a record may point: what could arrive meanwhile. A
record that points further is malformed; the ledger keeps three bytes for each offset, and must not be made to keep a
terabyte."""
_NEW_PARTITIONS: Final = 64
"""How many partitions a log may get while it is audited; of each the ledger may be made to keep what `_SLACK` says."""
_KEPT: Final = 1000
"""Malformed records that are kept by name; all are counted."""
_REDRIVE_OF: Final = Header.REDRIVE_OF
_WITNESSES: Final = frozenset({Header.REDRIVE_OF, Header.PARENT})
_SKIPPED: Final[Mapping[str, Outcome]] = {SkipReason.STALE: Outcome.STALE, SkipReason.EXPIRED: Outcome.EXPIRED}


class AuditRecords:
    """Takes records of `captures` and of the outcomes' topics; what cannot be read is kept by name and counted."""

    def __init__(self, names: Names, models: Iterable[str], *, known: Iterable[str], ledger: Ledger) -> None:
        """Account for the frames of `models`; those of other models that are `known` are left out."""
        self.malformed: list[MalformedRecord] = []
        self.malformed_count = 0
        self.newer: Counter[str] = Counter()
        self._models = frozenset(models)
        self._known = frozenset(known)
        self._ledger = ledger
        self._ends: Mapping[Log, int] = {}
        self._captures_start: Mapping[int, int] = {}
        self._window = Window()
        self._bounds: WindowBounds | None = None
        self._readers: dict[str, Callable[[Message], None]] = {
            names.captures: self._capture,
            names.skips: self._skip,
            names.dead_letters: self._dead_letter,
            names.redrives: self._redrive,
            **{names.results(model): partial(self._result, model) for model in sorted(self._models)},
        }

    def keep_to(self, window: Window, bounds: WindowBounds) -> None:
        """Account only for capture records of a window; `bounds` hears of them."""
        self._window, self._bounds = window, bounds

    def expect(self, *, ends: Mapping[Log, int], captures_start: Mapping[int, int]) -> None:
        """The ends of the frames' logs by model and partition, and where each partition of `captures` begins, as of
        now: what records may point to, and which runs have lost their beginning.
        """
        self._ends, self._captures_start = ends, captures_start

    def take(self, message: Message) -> None:
        """Account for one record."""
        try:
            self._readers[message.topic()](message)
        except NewerRecordError as error:
            self._note_newer(message, str(error))
        except MessageError as error:
            self._note_malformed(message, str(error))

    def _note_newer(self, message: Message, what: str) -> None:
        """Count what only a newer release knows; it is no fault, but an older audit may not see the whole."""
        ERRORS.labels(kind="newer-record").inc()
        text = f"{message.topic()}: {what}"
        if text not in self.newer:
            log.warning("newer record partition=%d offset=%d %s", message.partition(), message.offset(), text)
        if text in self.newer or len(self.newer) < _KEPT:
            self.newer[text] += 1

    def _note_malformed(self, message: Message, error: str) -> None:
        self.malformed_count += 1
        ERRORS.labels(kind="malformed-record").inc()
        if len(self.malformed) >= _KEPT:
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        self.malformed.append(MalformedRecord(topic, partition, offset, error))
        log.warning("malformed record topic=%s partition=%d offset=%d error=%s", topic, partition, offset, error)

    def _capture(self, message: Message) -> None:
        _, at_ms = message.timestamp()
        if self._window.is_before(at_ms):
            return
        counts = decode_capture(message.value())
        if isinstance(counts, CaptureClaim) or not self._wants(counts.model):
            return
        for ranges in counts.delivered:
            self._check_reach(counts.model, ranges)
        later = self._window.is_after(at_ms)
        if self._bounds is not None and not later:
            self._bounds.named(counts)
        if isinstance(counts, CropCounts):
            self._ledger.add_crops(counts, later=later)
            return
        if later:
            self._ledger.add_later(counts)
            return
        # A run is the offset of its claim in this very partition: where that is gone, so is the run's beginning.
        trimmed = self._window.since is not None or self._captures_start.get(message.partition(), 0) > counts.run
        self._ledger.add_counts(counts, trimmed=trimmed)

    def _result(self, model: str, message: Message) -> None:
        address = address_from_headers(headers_of(message))
        if address.model != model:
            raise MessageError(f"result: the frame's address is {address}: expected a frame of {model}")
        self._check_offset(address)
        self._ledger.add_outcome(address, Outcome.INFERRED)
        self._witness(message, address)

    def _dead_letter(self, message: Message) -> None:
        address = address_from_headers(headers_of(message))
        if self._wants(address.model):
            self._check_offset(address)
            self._ledger.add_outcome(address, Outcome.DEAD)
            self._witness(message, address)

    def _redrive(self, message: Message) -> None:
        redrive = Redrive.from_json(message.value())
        address = FrameAddress.parse(redrive.address)
        if self._wants(address.model):
            self._check_offset(address)
            self._ledger.add_redrive(address, redrive.camera)

    def _witness(self, message: Message, address: FrameAddress) -> None:
        """A frame that was sent again, or a crop, says so itself, and so does its outcome: if the record was lost."""
        headers = headers_of(message)
        names = {name for name, _ in headers}
        if names.isdisjoint(_WITNESSES):  # of the millions of results nearly all: look before anything is read
            return
        key = (message.key() or b"").decode(errors="replace")
        camera = key if IDENTIFIER.fullmatch(key) else None
        if _REDRIVE_OF in names:
            if redriven_from_headers(headers):
                self._ledger.add_redrive(address, camera)
        elif cropped_from_headers(headers):
            self._ledger.add_crop(address, camera)

    def _skip(self, message: Message) -> None:
        skip = Skip.from_json(message.value())
        if not self._wants(skip.model):
            return
        every = [ranges for entry in skip.skipped for ranges in entry.frames]
        for ranges in every:
            self._check_reach(skip.model, ranges)
        for ranges in every:
            self._ledger.add_outcomes(skip.model, ranges, _SKIPPED.get(skip.reason, Outcome.OTHER))
        if skip.reason not in _SKIPPED:
            self._note_newer(message, f"skip: reason {str(skip.reason)!r} is none that this release knows: other")

    def _wants(self, model: str) -> bool:
        if model not in self._known:
            expected = ", ".join(sorted(self._known))
            raise MessageError(f"model {model!r} is not in the catalogue: expected one of {expected}")
        return model in self._models

    def _check_reach(self, model: str, ranges: PartitionRanges) -> None:
        self._check_offset(FrameAddress(model, ranges.partition, ranges.ranges[-1][1]))

    def _check_offset(self, address: FrameAddress) -> None:
        place = (address.model, address.partition)
        if place not in self._ends and address.partition >= len(self._ends) + _NEW_PARTITIONS:
            raise MessageError(f"frame address {address}: expected a partition that its log has")
        end = self._ends.get(place, 0)
        if address.offset >= end + _SLACK:
            raise MessageError(f"frame address {address}: expected an offset near the log's end, {end}, or below")
