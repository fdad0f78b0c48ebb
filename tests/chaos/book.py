"""Every outcome by address as the topics have them: what the audit adds up, one by one."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from confluent_kafka import Message

from api.log.kafka import Offsets
from api.log.topic_reader import TopicReader
from schemas.ledger import Outcome
from schemas.messages import DeadLetter, FrameAddress, Skip, SkipReason, address_from_headers, decode_dead_letter
from schemas.settings import Settings

_SKIPPED: Final[dict[str, Outcome]] = {SkipReason.STALE: Outcome.STALE, SkipReason.EXPIRED: Outcome.EXPIRED}


class Book:
    """Reads the outcomes of one model; `update` takes in what is new."""

    def __init__(self, settings: Settings, model: str, offsets: Offsets) -> None:
        self.outcomes: dict[FrameAddress, Outcome] = {}
        self.letters: dict[FrameAddress, DeadLetter] = {}
        self.reached: dict[str, dict[int, int]] = defaultdict(dict)
        """The highest offset with a result, by camera and partition."""
        self._model = model
        self._names = settings.names
        self._offsets = offsets
        self._reader = TopicReader(settings, offsets)
        self._times: list[float] = []

    def update(self, deadline_s: float) -> None:
        """Read on to the ends as they are now.

        Raises:
            EnvironmentMissingError: The broker did not answer in time.
        """
        deadline = time.monotonic() + deadline_s
        topics = (self._names.results(self._model), self._names.skips, self._names.dead_letters)
        counts = self._offsets.partitions(topics, deadline=deadline)
        logs = [(topic, partition) for topic, count in counts.items() for partition in range(count)]
        self._reader.read(logs, self._take, deadline=deadline)

    def flows(self, camera: str, ends: Mapping[int, int]) -> bool:
        """Whether a frame of the camera has a result that came after these log ends."""
        return any(offset >= ends.get(partition, 0) for partition, offset in self.reached[camera].items())

    def busiest(self, since: float, until: float, span_s: float) -> int:
        """The most outcomes that were recorded within `span_s` seconds between two times (of the epoch)."""
        times = sorted(self._times)
        first, last = bisect_left(times, since), bisect_right(times, until)
        counts = (bisect_right(times, times[index] + span_s) - index for index in range(first, last))
        return max(counts, default=0)

    def close(self) -> None:
        self._reader.close()

    def _take(self, message: Message) -> None:
        at = message.timestamp()[1] / 1000
        topic, headers, value = message.topic(), message.headers(), message.value()
        if topic == self._names.skips:
            skip = Skip.from_json(value)
            for entry in skip.skipped:
                for ranges in entry.frames:
                    for offset in ranges.offsets():
                        self._add(
                            FrameAddress(skip.model, ranges.partition, offset),
                            _SKIPPED.get(skip.reason, Outcome.OTHER),
                            at,
                        )
            return
        address = address_from_headers(headers)
        if topic == self._names.dead_letters:
            self.letters[address] = decode_dead_letter(headers)
            self._add(address, Outcome.DEAD, at)
            return
        reached = self.reached[(message.key() or b"").decode()]
        reached[address.partition] = max(reached.get(address.partition, 0), address.offset)
        self._add(address, Outcome.INFERRED, at)

    def _add(self, address: FrameAddress, outcome: Outcome, at: float) -> None:
        self._times.append(at)
        self.outcomes[address] = max(self.outcomes.get(address, Outcome.NONE), outcome)

    def all_of(self, outcome: Outcome) -> set[FrameAddress]:
        """The frames whose outcome, the highest where there are several, is this one."""
        return {address for address, found in self.outcomes.items() if found is outcome}
