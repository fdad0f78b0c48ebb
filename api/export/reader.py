"""Finds one camera's frames in a window of the log, and what became of each; then gives them with their JPEGs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Final

from confluent_kafka import Message

from api.export.frame import ExportedFrame
from api.export.index import FrameIndex
from api.log.kafka import Log, Offsets, headers_of
from api.log.record_reader import RecordReader
from api.log.topic_reader import TopicReader
from api.result_record import decode_result
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.ledger.outcome import Outcome
from schemas.messages import (
    CaptureClaim,
    FrameAddress,
    PartitionRanges,
    Skip,
    SkipReason,
    address_from_headers,
    decode_capture,
    decode_frame_headers,
)
from schemas.settings import Settings
from schemas.window import CLOCK_SKEW_MS, Window, milliseconds

log = logging.getLogger(__name__)

_ANSWER_S: Final = 10.0
_SOON_MS: Final = 5 * 60_000
"""Outcomes are looked for so long after the last frame first, and up to now only where one is still missing."""
_SKIPPED: Final[Mapping[str, Outcome]] = {SkipReason.STALE: Outcome.STALE, SkipReason.EXPIRED: Outcome.EXPIRED}


class ExportReader:
    """The frames of `camera` for `model` that the broker appended in `window`; blocking, for one thread.

    The log is read twice: for what its headers say, which goes into a file, and then frame by frame in the order of
    capture. So memory holds one frame, and what Kafka's client fetches ahead: 4 MB for each partition.
    """

    def __init__(self, settings: Settings, *, camera: str, model: str, window: Window) -> None:
        self.expired = 0
        """Frames of the window that capture delivered and the log no longer has; known where the window has a start."""
        self.unreadable = 0
        """Records of the camera whose headers are not those of a frame."""
        self._settings = settings
        self._names = settings.names
        self._key = camera.encode()
        self._model = model
        self._window = window
        self._offsets = Offsets(settings)
        self._reader = TopicReader(settings, self._offsets)
        self._index = FrameIndex(model)
        self._starts: dict[Log, int] = {}
        self._ends: dict[Log, int] = {}
        self._committed: dict[int, int] = {}
        self._appended: tuple[int, int] | None = None
        """When the broker appended the first and the last of the frames, in milliseconds since the epoch."""

    def __len__(self) -> int:
        """How many frames were found."""
        return len(self._index)

    @property
    def fps(self) -> float | None:
        """The rate at which the camera offered them, a second."""
        return self._index.fps()

    def gather(self, *, deadline: float) -> None:
        """Find the frames and their outcomes, until `deadline` (monotonic).

        Raises:
            EnvironmentMissingError: Kafka gives no answer, has no such topic, or the time was too short.
        """
        names, topic = self._names, self._names.frames(self._model)
        wanted = (topic, names.results(self._model), names.skips, names.dead_letters, names.captures)
        counts = self._offsets.partitions(wanted, deadline=deadline)
        if topic not in counts:
            raise EnvironmentMissingError(
                f"Kafka at {self._settings.bootstrap_servers} has no topic {topic}; framebus topic apply makes it"
            )
        logs = {name: [(name, number) for number in range(count)] for name, count in counts.items()}
        group = {names.inference_group(self._model): logs[topic]}
        # What is committed has an outcome: so this comes first, and the outcomes last.
        committed = self._offsets.committed(group, deadline=deadline)
        self._committed = {partition: offset for (_, partition), offset in committed.items()}
        self._find_frames(logs[topic], deadline)
        self._find_outcomes([one for name in wanted[1:4] for one in logs.get(name, ())], deadline)
        if self._window.since is not None:
            self._count_expired(logs.get(names.captures, []), deadline)

    def frames(self, limit: int | None = None) -> Iterator[tuple[ExportedFrame, bytes]]:
        """The first `limit` frames in the order of capture, by run and seq, each with its value as the log has it.

        What retention takes meanwhile is left out, and counted as expired.

        Raises:
            EnvironmentMissingError: Kafka does not send one.
        """
        topic = self._names.frames(self._model)
        with ExitStack() as stack:
            readers: dict[int, RecordReader] = {}
            for frame in self._index.frames(self._committed, limit):
                partition = frame.address.partition
                if partition not in readers:  # one for each: in its partition a camera's frames lie in order
                    readers[partition] = stack.enter_context(closing(RecordReader(self._settings)))
                place, deadline = (topic, partition), time.monotonic() + _ANSWER_S
                found = readers[partition].read(place, frame.address.offset, deadline=deadline)
                if found is not None:
                    yield frame, found.value() or b""
                elif frame.address.offset < self._offsets.starts([place], deadline=deadline)[place]:
                    self.expired += 1
                else:
                    raise EnvironmentMissingError(f"frame {frame.address}: Kafka did not send it in {_ANSWER_S:g} s")

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()
        self._offsets.close()
        self._index.close()

    def _find_frames(self, logs: list[Log], deadline: float) -> None:
        since, until = self._window.since, self._window.until
        self._starts = self._offsets.starts(logs, deadline=deadline)
        if since is not None:
            self._reader.begin(self._offsets.at(logs, milliseconds(since), deadline=deadline))
        self._ends = (
            self._offsets.ends(logs, deadline=deadline)
            if until is None
            else self._offsets.at(logs, milliseconds(until), deadline=deadline)
        )
        self._reader.read(logs, self._take_frame, deadline=deadline, until=self._ends)

    def _find_outcomes(self, logs: list[Log], deadline: float) -> None:
        if self._appended is None:
            return
        first, last = self._appended
        begin = self._offsets.at(logs, max(first - CLOCK_SKEW_MS, 0), deadline=deadline)
        self._reader.begin(begin)
        soon = self._offsets.at(logs, last + _SOON_MS, deadline=deadline)
        self._reader.read(logs, self._take_outcome, deadline=deadline, until=soon)
        if self._index.missing():
            self._reader.read(logs, self._take_outcome, deadline=deadline)

    def _count_expired(self, logs: list[Log], deadline: float) -> None:
        since, until = self._window.since, self._window.until
        if since is not None:
            self._reader.begin(self._offsets.at(logs, milliseconds(since), deadline=deadline))
        # A capture record comes about a second after the frames that it names: as in an audit, it dates them.
        ends = self._offsets.at(logs, milliseconds(until), deadline=deadline) if until else None
        self._reader.read(logs, self._take_capture, deadline=deadline, until=ends)

    def _take_frame(self, message: Message) -> None:
        place = (message.topic(), message.partition())
        if message.key() != self._key or message.offset() >= self._ends[place]:
            return
        try:
            info = decode_frame_headers(headers_of(message))
        except MessageError:
            self.unreadable += 1
            return
        self._index.add(message.partition(), message.offset(), info)
        _, at_ms = message.timestamp()
        first, last = self._appended or (at_ms, at_ms)
        self._appended = min(first, at_ms), max(last, at_ms)

    def _take_outcome(self, message: Message) -> None:
        topic = message.topic()
        if message.key() != (self._model.encode() if topic == self._names.skips else self._key):
            return
        try:
            if topic == self._names.skips:
                self._take_skip(Skip.from_json(message.value()))
                return
            address = address_from_headers(headers_of(message))
        except MessageError as error:
            place = (topic, message.partition(), message.offset())
            log.warning("malformed record topic=%s partition=%d offset=%d error=%s", *place, error)
            return
        if address.model != self._model:
            return
        if topic == self._names.dead_letters:
            self._index.settle([PartitionRanges.of(address.partition, [address.offset])], Outcome.DEAD)
        else:
            self._take_result(address, message)

    def _take_result(self, address: FrameAddress, message: Message) -> None:
        record = decode_result(message, self._names)
        self._index.infer(address, record.value if record else None)

    def _take_skip(self, skip: Skip) -> None:
        if skip.model == self._model:
            for entry in skip.skipped:
                self._index.settle(entry.frames, _SKIPPED.get(skip.reason, Outcome.OTHER))

    def _take_capture(self, message: Message) -> None:
        if message.key() != self._key:
            return
        try:
            counts = decode_capture(message.value())
        except MessageError:
            return  # an audit names it
        if isinstance(counts, CaptureClaim) or counts.model != self._model:
            return
        topic = self._names.frames(self._model)
        for entry in counts.delivered:
            start = self._starts.get((topic, entry.partition), 0)
            self.expired += sum(max(min(last + 1, start) - first, 0) for first, last in entry.ranges)
