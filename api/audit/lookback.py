"""Outcomes from before a window of time: looked for when a frame of it seems lost, for brokers' clocks may differ."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import Message

from api.log.kafka import Log, Offsets
from api.log.topic_reader import TopicReader
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings
from schemas.window import CLOCK_SKEW_MS

MARGINS_MS: Final = (5 * 60_000, 20 * 60_000, 60 * 60_000)
"""How far before the window it is looked, step by step. An outcome comes after its frame: a clock that is wrong by more
than an hour is better set right than read after."""


class Lookback:
    """Reads backwards what was recorded before a window, once; one caller at a time."""

    def __init__(self, settings: Settings, offsets: Offsets, *, since_ms: int, take: Callable[[Message], None]) -> None:
        """Look for outcomes from before `since_ms`, milliseconds since the epoch; `take` gets each record."""
        self._settings = settings
        self._offsets = offsets
        self._take = take
        self._since_ms = since_ms
        self._reached_ms = max(since_ms - CLOCK_SKEW_MS, 0)
        self._margins = deque(MARGINS_MS)
        self._begins: dict[Log, int] = {}
        self._earlier: dict[Log, int] = {}
        self._reader: TopicReader | None = None
        self._all = False

    @property
    def reached(self) -> datetime | None:
        """No outcome from before this time was looked for; None: there is none."""
        return None if self._all else datetime.fromtimestamp(self._reached_ms / 1000, UTC)

    def begin(self, positions: Mapping[Log, int]) -> None:
        """What is before these positions was not read; of a log that is known already the position stays."""
        self._begins = {**positions, **self._begins}

    def look(self, seems_lost: Callable[[], bool], *, deadline: float) -> None:
        """Read further back while something seems lost; until `deadline`, and on from there the next time.

        Raises:
            EnvironmentMissingError: Kafka refuses.
        """
        try:
            while seems_lost() and self._has_more(deadline):
                self._step(deadline)
        except EnvironmentMissingError:
            if time.monotonic() < deadline:
                raise

    def close(self) -> None:
        """Leave the broker."""
        if self._reader is not None:
            self._reader.close()

    def _has_more(self, deadline: float) -> bool:
        starts = self._offsets.starts(self._begins, deadline=deadline)
        self._all = all(begin <= starts[log] for log, begin in self._begins.items())
        return bool(self._margins) and not self._all

    def _step(self, deadline: float) -> None:
        at_ms = max(self._since_ms - self._margins[0], 0)
        if self._reader is None:
            self._earlier = self._offsets.at(self._begins, at_ms, deadline=deadline)
            self._reader = TopicReader(self._settings, self._offsets)
            self._reader.begin(self._earlier)
        self._reader.read(self._begins, self._take, deadline=deadline, until=self._begins)
        self.close()
        self._reader = None
        self._begins |= self._earlier
        self._reached_ms = min(at_ms, self._reached_ms)
        self._margins.popleft()
