"""The left-hand side: captured = dropped + delivered + failed + unknown, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from schemas.messages.captures import CaptureCounts

KEPT_RUNS: Final = 16
"""Runs of one camera and model that are kept apart; of older ones only the sums, and what is wrong with them."""


@dataclass(slots=True)
class RunTotals:
    """The sums over one run of one camera for one model.

    `imbalance` is how many frames break the conservation law: offered but neither dropped, delivered, failed nor in
    flight (positive), or the reverse (negative). `gap` counts frames of missing records: their fate is unknown.
    """

    captured: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    gap: int = 0
    imbalance: int = 0
    next_seq: int = 0
    closed: bool = False

    @property
    def unknown(self) -> int:
        """Frames whose delivery nobody knows: still in flight at the last record, or in a record that is missing."""
        return self.in_flight + self.gap

    def add(self, counts: CaptureCounts, *, trimmed: bool = False) -> None:
        """Account for one record; records of a run come in the order of their offsets.

        A record that was seen before (its seq range ends where we already are) adds nothing. `trimmed` says that
        retention has taken the run's beginning: what came before the first record that is left is nobody's concern.
        """
        settled = sum(counts.dropped.values()) + counts.failed + counts.delivered_count
        # Of what was in flight when the record began, its own balance tells too.
        begun = settled + counts.in_flight - counts.captured
        if trimmed and not self.next_seq and counts.first_seq:
            self.next_seq = counts.first_seq
            self.in_flight = self.captured = max(0, begun)
        if counts.next_seq < self.next_seq or counts.first_seq < self.next_seq:
            return
        missing = counts.first_seq - self.next_seq
        open_ = self.in_flight + missing
        # In a missing record any of these frames may have had their fate: the others were in flight at its end.
        expected = min(max(begun, 0), open_) if missing else open_
        self.gap += open_ - expected
        self.imbalance += expected - begun
        self.captured += counts.captured + missing
        self.delivered += counts.delivered_count
        self.failed += counts.failed
        self.dropped.update({str(reason): number for reason, number in counts.dropped.items()})
        self.in_flight = counts.in_flight
        self.next_seq = counts.next_seq
        self.closed = counts.closed

    def absorb(self, other: RunTotals) -> None:
        """Add the sums of a run that has ended; what was in flight then stays unknown."""
        self.captured += other.captured
        self.delivered += other.delivered
        self.failed += other.failed
        self.dropped.update(other.dropped)
        self.gap += other.unknown


class StreamTotals:
    """All runs of one camera for one model: the newest one by one, older ones as one sum.

    A run of which the sums do not balance is kept for ever: it is named. A record of a run that is older than all that
    are kept is a repeat.
    """

    def __init__(self) -> None:
        self._runs: dict[int, RunTotals] = {}
        self._older = RunTotals()
        self._oldest = 0

    def add(self, counts: CaptureCounts, *, trimmed: bool = False) -> bool:
        """Account for one record; False when it says nothing new."""
        if counts.run < self._oldest and counts.run not in self._runs:
            return False
        totals = self._runs.setdefault(counts.run, RunTotals())
        before = totals.next_seq
        totals.add(counts, trimmed=trimmed)
        if len(self._runs) > KEPT_RUNS:
            self._fold()
        return totals.next_seq != before or not counts.captured

    def go_on(self, run: int) -> None:
        """The run went on after the window: what was in flight at its end had its fate later, and is not counted."""
        if totals := self._runs.get(run):
            totals.captured -= totals.in_flight
            totals.in_flight = 0

    def sums(self) -> Iterator[RunTotals]:
        """What is to be added up."""
        yield self._older
        yield from self._runs.values()

    def imbalances(self) -> Iterator[tuple[int, int]]:
        """The runs that do not balance, with the frames that are too many or too few."""
        return ((run, totals.imbalance) for run, totals in self._runs.items() if totals.imbalance)

    def _fold(self) -> None:
        balanced = sorted(run for run, totals in self._runs.items() if not totals.imbalance)
        for run in balanced[:-KEPT_RUNS]:
            self._older.absorb(self._runs.pop(run))
            self._oldest = max(self._oldest, run + 1)
