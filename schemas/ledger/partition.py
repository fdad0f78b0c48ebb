"""One partition of a frames topic: for each offset, who sent it and what became of it. Three bytes a frame."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator

from schemas.ledger.outcome import Outcome

UNCOUNTED = 0
"""The sender's index of an offset that no capture record names."""


class PartitionLedger:
    """Outcomes and senders by offset, from the lowest offset seen to the highest."""

    def __init__(self) -> None:
        self._base: int | None = None
        self._outcomes = bytearray()
        self._senders = array("H")
        self.first_delivered: int | None = None
        self.conflicts = 0
        self.repeats = 0

    def deliver(self, first: int, last: int, sender: int) -> None:
        """Capture says that `sender` delivered the offsets `first` … `last`."""
        start = self._reach(first, last)
        self.first_delivered = first if self.first_delivered is None else min(first, self.first_delivered)
        for index in range(start, start + last - first + 1):
            self._senders[index] = sender

    def record(self, offset: int, outcome: Outcome) -> None:
        """Somebody recorded an outcome for `offset`; the highest counts, a different one is a conflict."""
        index = self._reach(offset, offset)
        before = self._outcomes[index]
        if before == outcome:
            self.repeats += 1
        elif before:
            self.conflicts += 1
        self._outcomes[index] = max(before, outcome)

    def tally(self) -> Counter[tuple[int, int]]:
        """How many offsets there are of each (sender, outcome)."""
        return Counter(zip(self._senders, self._outcomes, strict=True))

    def open_offsets(self) -> Iterator[tuple[int, int]]:
        """Every offset without an outcome, ascending: (offset, sender)."""
        base = self._base or 0
        index = self._outcomes.find(Outcome.NONE)
        while index >= 0:
            yield base + index, self._senders[index]
            index = self._outcomes.find(Outcome.NONE, index + 1)

    @property
    def end(self) -> int:
        """One above the highest offset seen."""
        return (self._base or 0) + len(self._outcomes)

    def extend_to(self, offset: int) -> None:
        """Account for every offset below `offset` too: the group has committed that far."""
        if self._base is not None and offset > self.end:
            self._reach(offset - 1, offset - 1)

    def cover(self, first: int, end: int) -> None:
        """Account for every offset from `first` to `end - 1`, even for those that nobody ever mentions."""
        if first < end:
            self._reach(first, end - 1)

    def _reach(self, first: int, last: int) -> int:
        if self._base is None:
            self._base = first
        if first < self._base:
            missing = self._base - first
            self._outcomes[0:0] = bytes(missing)
            self._senders[0:0] = array("H", bytes(2 * missing))
            self._base = first
        grow = last + 1 - self._base - len(self._outcomes)
        if grow > 0:
            self._outcomes.extend(bytes(grow))
            self._senders.frombytes(bytes(2 * grow))
        return first - self._base
