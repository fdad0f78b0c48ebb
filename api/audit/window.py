"""A window of time as offsets: which frames belong to it, and where to read what was recorded about them.

A frame belongs to the window in which the broker appended it. While the frames' log still holds the window's edge, the
broker says which offset that is. Of frames that retention has taken nobody can tell the time any more: then the edge is
the first (or last) address that a capture record names which was itself appended in the window, about a second later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from api.log.kafka import Log, Offsets
from schemas.messages import CaptureCounts, CropCounts
from schemas.window import CLOCK_SKEW_MS, Window, milliseconds


class WindowBounds:
    """Finds the window's offsets; `named` learns of every capture record that was appended in the window."""

    def __init__(self, window: Window, offsets: Offsets) -> None:
        self._window = window
        self._offsets = offsets
        self._named: dict[Log, tuple[int, int]] = {}
        self._known: set[Log] = set()

    def named(self, counts: CaptureCounts | CropCounts) -> None:
        """A record of the window names these deliveries."""
        for entry in counts.delivered:
            place = (counts.model, entry.partition)
            first, last = entry.ranges[0][0], entry.ranges[-1][1]
            low, high = self._named.get(place, (first, last))
            self._named[place] = min(low, first), max(high, last)

    def captures_from(self, logs: Iterable[Log], deadline: float) -> dict[Log, int]:
        """Where capture records of the window begin: a record comes after the frames that it counts."""
        return self._from(logs, 0, deadline)

    def outcomes_from(self, logs: Iterable[Log], deadline: float) -> dict[Log, int]:
        """Where outcomes of the window's frames begin: an outcome comes after its frame."""
        return self._from(logs, CLOCK_SKEW_MS, deadline)

    def new(self, logs: Mapping[Log, Log], deadline: float) -> dict[Log, tuple[int, int | None]]:
        """The first offset, and the one above the last, of partitions that this did not give before.

        `logs` are frames' logs with their model and partition, which the answer goes by. To be called when the capture
        records up to now are read.
        """
        asked = {log: place for log, place in logs.items() if place not in self._known}
        if not asked:
            return {}
        starts = self._offsets.starts(asked, deadline=deadline)
        firsts = self._from(asked, 0, deadline)
        until = self._window.until
        ends = self._offsets.at(asked, milliseconds(until), deadline=deadline) if until else {}
        self._known.update(asked.values())
        return {
            place: self._edges(place, starts[log], firsts.get(log, 0), ends.get(log)) for log, place in asked.items()
        }

    def _edges(self, place: Log, start: int, first: int, end: int | None) -> tuple[int, int | None]:
        low, high = self._named.get(place, (first, -1))
        if self._window.since is not None and first == start:  # the log does not reach back to the edge
            first = min(first, low)
        if end is not None and end == start:
            end = high + 1
        return first, None if end is None else max(first, end)

    def _from(self, logs: Iterable[Log], margin_ms: int, deadline: float) -> dict[Log, int]:
        since = self._window.since
        if since is None:
            return {}
        return self._offsets.at(logs, max(milliseconds(since) - margin_ms, 0), deadline=deadline)
