"""A long past in slices of time, so that each can be folded before the next is read: memory follows a slice."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from api.log.kafka import Log, Offsets

SLICE_FRAMES: Final = 1_000_000
"""Frames that a slice should hold, if they came evenly: 3 MB in the ledger."""
SLICE_MS: Final = 2 * 3600 * 1000
"""No slice is shorter. Of a frame a second outcome may come while its log has it, which is minutes by default: by the
end of the next slice."""


class History:
    """Cuts what logs hold when it is first asked; one caller at a time."""

    def __init__(self, offsets: Offsets) -> None:
        self._offsets = offsets
        self._cuts: deque[int] | None = None
        """Where slices end that are not read yet, in milliseconds since the epoch."""

    def slices(self, logs: Iterable[Log], *, frames: int, deadline: float) -> Iterator[dict[Log, int]]:
        """Where each slice ends in each log, for a past of at most `frames`; what is after the last is in none.

        A slice has been read when the next one is asked for: who stops before gets it again.

        Raises:
            EnvironmentMissingError: Kafka gives no answer by `deadline`.
        """
        wanted = list(logs)
        if self._cuts is None:
            self._cuts = deque(self._cut(wanted, frames // SLICE_FRAMES, deadline))
        before: dict[Log, int] = {}
        while self._cuts:
            until = self._offsets.at(wanted, self._cuts[0], deadline=deadline)
            if until != before:  # a slice in which nothing came costs one question
                yield until
            before = until
            self._cuts.popleft()

    def _cut(self, logs: list[Log], number: int, deadline: float) -> range:
        if number < 2:
            return range(0)
        now_ms, age_ms = time.time_ns() // 1_000_000, SLICE_MS
        while age_ms < now_ms and self._have_more(logs, now_ms - age_ms, deadline):
            age_ms *= 2
        step = max(age_ms // number, SLICE_MS)
        return range(max(now_ms - age_ms, 0) + step, now_ms, step)

    def _have_more(self, logs: list[Log], before_ms: int, deadline: float) -> bool:
        """Whether something in these logs is older than that."""
        offsets = self._offsets.at(logs, before_ms, deadline=deadline)
        starts = self._offsets.starts(logs, deadline=deadline)  # after asking: what retention takes meanwhile is gone
        return any(offset > starts[log] for log, offset in offsets.items())
