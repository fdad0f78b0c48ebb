"""The audit: reads what everybody recorded, and says where every frame is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from confluent_kafka import Message

from api.kafka import Log, Offsets
from api.metrics import ERRORS
from api.topic_reader import TopicReader
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.ledger import Balance, Ledger, MalformedRecord, Outcome
from schemas.messages import (
    CaptureCounts,
    FrameAddress,
    PartitionRanges,
    Skip,
    SkipReason,
    address_from_headers,
    decode_capture,
)
from schemas.settings import Settings

log = logging.getLogger(__name__)

_SLACK: Final = 1_000_000
"""How far beyond a log's end, as it was when a refresh began, a record may point: what could arrive meanwhile. A
record that points further is malformed; the ledger keeps three bytes for each offset, and must not be made to keep a
terabyte."""
_KEPT: Final = 1000
"""Malformed records that are kept by name; all are counted."""
_SKIPPED: Final = {SkipReason.STALE: Outcome.STALE, SkipReason.EXPIRED: Outcome.EXPIRED}


class Auditor:
    """Reads the recorded side of the system into a ledger; never a JPEG, and of results the headers only.

    It looks at a running system, so the order of its readings matters:

    1. the groups' committed offsets. A worker commits an offset only after the broker has acknowledged its outcome,
       so whatever is below these offsets has its outcome in the log *by now*;
    2. `captures` to its end, then the outcomes (`results.*`, `skips`, `dead-letters`) to theirs, both as they are
       after step 1: no frame that is committed according to step 1 can miss its outcome, so `lost` is never false;
    3. the ends of `frames.*`. Capture counts a frame as delivered only after the broker has acknowledged it, so
       whatever step 2 read of deliveries is below these ends, and `beyond-log` is never false either.

    The other way round a frame that is read, inferred and committed between two readings would be called lost. What
    arrives after a reading is only missing on the harmless side: a frame whose capture record (one a second) is still
    to come is `uncounted`, one whose commit is still to come counts by its outcome.

    An outcome must be kept at least as long as the capture record that names its frame, or the audit would call lost
    what retention removed: the topics' plan keeps that order.

    Not thread-safe: one caller at a time.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, *, model: str | None = None) -> None:
        """Audit all models of the catalogue, or only `model`.

        Raises:
            CatalogueError: `model` is not in the catalogue.
        """
        self._names = settings.names
        self._servers = settings.bootstrap_servers
        self._known = frozenset(known.name for known in catalogue.models)
        self._models = (catalogue.get(model).name,) if model else tuple(known.name for known in catalogue.models)
        self._outcomes: dict[str, Callable[[Message], None]] = {
            self._names.skips: self._skip,
            self._names.dead_letters: self._dead_letter,
        }
        for name in self._models:
            self._outcomes[self._names.results(name)] = partial(self._result, name)
        self._readers = {self._names.captures: self._capture, **self._outcomes}
        self._offsets = Offsets(settings)
        self._reader = TopicReader(settings, self._offsets)
        self._ledger = Ledger()
        self._committed: dict[Log, int] = {}
        self._ends: dict[Log, int] = {}
        self._horizon: dict[Log, int] = {}
        self._captures_start: dict[int, int] = {}
        self._malformed: list[MalformedRecord] = []
        self._malformed_count = 0

    def refresh(self, deadline_s: float = 30.0) -> None:
        """Read what is new since the last refresh, to the ends as they are now.

        Raises:
            EnvironmentMissingError: Kafka gives no answer, a topic is missing, or `deadline_s` seconds were too short;
                the next refresh goes on where this one stopped.
        """
        deadline = time.monotonic() + deadline_s
        counts = self._partition_counts(deadline)
        frames = {model: _logs(self._names.frames(model), counts) for model in self._models}
        every_frame = [entry for logs in frames.values() for entry in logs]
        groups = {self._names.inference_group(model): logs for model, logs in frames.items()}
        committed = self._offsets.committed(groups, deadline=deadline)
        self._ends = self._by_model(self._offsets.ends(every_frame, deadline=deadline))
        captures = self._offsets.starts(_logs(self._names.captures, counts), deadline=deadline)
        self._captures_start = {partition: start for (_, partition), start in captures.items()}
        self._reader.read(_logs(self._names.captures, counts), self._take, deadline=deadline)
        outcomes = [entry for topic in counts if topic in self._outcomes for entry in _logs(topic, counts)]
        self._reader.read(outcomes, self._take, deadline=deadline)
        starts = self._by_model(self._offsets.starts(every_frame, deadline=deadline))
        self._ends = self._by_model(self._offsets.ends(every_frame, deadline=deadline))
        for (model, partition), end in self._ends.items():
            self._ledger.cover(model, partition, starts[model, partition], end)
        if any(self._captures_start.values()):
            self._horizon = self._ledger.horizons(starts)
        # A position above the end is an operator's mistake; there is no frame there that could be lost.
        positions = self._by_model(committed)
        self._committed = {entry: min(offset, self._ends[entry]) for entry, offset in positions.items()}

    def balance(self) -> Balance:
        """Where every frame was at the last refresh."""
        balance = self._ledger.balance(self._committed, self._ends, self._horizon)
        return replace(balance, malformed=tuple(self._malformed), malformed_count=self._malformed_count)

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()
        self._offsets.close()

    def _partition_counts(self, deadline: float) -> dict[str, int]:
        names = self._names
        topics = [names.captures, names.skips, names.dead_letters]
        for model in self._models:
            topics += [names.frames(model), names.results(model)]
        counts = self._offsets.partitions(topics, deadline=deadline)
        missing = [topic for topic in topics if topic not in counts]
        if missing:
            raise EnvironmentMissingError(
                f"Kafka at {self._servers} has no topic {', '.join(missing)}; "
                f"expected every topic of prefix {names.prefix!r}: framebus topic apply makes them"
            )
        return counts

    def _by_model(self, offsets: dict[Log, int]) -> dict[Log, int]:
        return {
            (self._names.model_of_frames(topic) or topic, part): offset for (topic, part), offset in offsets.items()
        }

    def _take(self, message: Message) -> None:
        try:
            self._readers[message.topic()](message)
        except MessageError as error:
            self._note_malformed(message, str(error))

    def _note_malformed(self, message: Message, error: str) -> None:
        self._malformed_count += 1
        ERRORS.labels(kind="malformed-record").inc()
        if len(self._malformed) >= _KEPT:
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        self._malformed.append(MalformedRecord(topic, partition, offset, error))
        log.warning("malformed record topic=%s partition=%d offset=%d error=%s", topic, partition, offset, error)

    def _capture(self, message: Message) -> None:
        counts = decode_capture(message.value())
        if not isinstance(counts, CaptureCounts) or not self._wants(counts.model):
            return
        for ranges in counts.delivered:
            self._check_reach(counts.model, ranges)
        # A run is the offset of its claim in this very partition: where that is gone, so is the run's beginning.
        self._ledger.add_counts(counts, trimmed=self._captures_start.get(message.partition(), 0) > counts.run)

    def _result(self, model: str, message: Message) -> None:
        address = address_from_headers(message.headers())
        if address.model != model:
            raise MessageError(f"result: the frame's address is {address}: expected a frame of {model}")
        self._check_offset(address)
        self._ledger.add_outcome(address, Outcome.INFERRED)

    def _dead_letter(self, message: Message) -> None:
        address = address_from_headers(message.headers())
        if self._wants(address.model):
            self._check_offset(address)
            self._ledger.add_outcome(address, Outcome.DEAD)

    def _skip(self, message: Message) -> None:
        skip = Skip.from_json(message.value())
        if not self._wants(skip.model):
            return
        every = [ranges for entry in skip.skipped for ranges in entry.frames]
        for ranges in every:
            self._check_reach(skip.model, ranges)
        for ranges in every:
            self._ledger.add_outcomes(skip.model, ranges, _SKIPPED[skip.reason])

    def _wants(self, model: str) -> bool:
        if model not in self._known:
            raise MessageError(f"model {model!r} is not in the catalogue: expected one of {', '.join(self._known)}")
        return model in self._models

    def _check_reach(self, model: str, ranges: PartitionRanges) -> None:
        self._check_offset(FrameAddress(model, ranges.partition, ranges.ranges[-1][1]))

    def _check_offset(self, address: FrameAddress) -> None:
        end = self._ends.get((address.model, address.partition), 0)
        if address.offset >= end + _SLACK:
            raise MessageError(f"frame address {address}: expected an offset near the log's end, {end}, or below")


def _logs(topic: str, counts: dict[str, int]) -> list[Log]:
    return [(topic, partition) for partition in range(counts[topic])]
