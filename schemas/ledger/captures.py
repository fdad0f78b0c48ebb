"""The left-hand side: captured = dropped + delivered + failed + unknown, record by record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from schemas.messages.captures import CaptureCounts


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
        if trimmed and not self.next_seq and counts.first_seq:
            self.next_seq = counts.first_seq
            # What was in flight before is unknown too; the record's own balance tells it.
            settled = sum(counts.dropped.values()) + counts.failed + counts.delivered_count
            self.in_flight = self.captured = max(0, settled + counts.in_flight - counts.captured)
        if counts.next_seq < self.next_seq or counts.first_seq < self.next_seq:
            return
        missing = counts.first_seq - self.next_seq
        dropped = sum(counts.dropped.values())
        left = counts.captured + self.in_flight - dropped - counts.failed - counts.delivered_count - counts.in_flight
        if missing:
            # Deliveries of the missing record's frames may be reported here: only what is provable is charged.
            self.gap += missing + left
        else:
            self.imbalance += left
        self.captured += counts.captured + missing
        self.delivered += counts.delivered_count
        self.failed += counts.failed
        self.dropped.update({reason.value: number for reason, number in counts.dropped.items()})
        self.in_flight = counts.in_flight
        self.next_seq = counts.next_seq
        self.closed = counts.closed
