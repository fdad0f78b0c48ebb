"""One partition of a frames topic: for each offset, who sent it and what became of it.

Three bytes a frame while the log has it; what is settled is folded into totals.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Final

import numpy as np

from schemas.ledger.keys import HOLE, OUTCOMES, Keys, Tally, count_runs, keys_of, runs_of, tally_of, unsettled
from schemas.ledger.outcome import Outcome
from schemas.ledger.packed import Packed
from schemas.ledger.remainder import Remainder, Run

UNCOUNTED: Final = 0
"""The sender's index of an offset that no capture record names."""

_RAISED: Final = {outcome: bytes(max(value, outcome) for value in range(256)) for outcome in Outcome}
"""For each outcome, what every outcome before becomes when it is recorded too: the higher of the two."""

BLOCK: Final = 65_536
"""Offsets that are folded in one go."""
LEAST: Final = 4_096
"""Offsets that are worth packing: fewer wait."""
FEW: Final = 256
"""Runs that are kept as such whatever they cost."""
_RUN_PLACES: Final = 45
"""Places in the arrays that take as much memory as one run."""


class PartitionLedger:
    """Senders and outcomes by offset, in two parts.

    From `base` on every offset has its place in two arrays. Below it lies the settled past: `fold` has added up the
    frames that have both a sender and an outcome, and only those that lack one of the two are still known by offset:
    in runs, or, where many senders took turns, packed. So of a frame that was folded a further outcome is counted as a
    repeat, whatever it says, and a further sender is ignored.
    """

    def __init__(self) -> None:
        self._base: int | None = None
        self._outcomes = bytearray()
        self._senders = array("H")
        self._settled: Tally = Counter()
        self._remainder = Remainder()
        self._packed = Packed()
        self._origin: int | None = None
        """The lowest offset that the ledger accounts for."""
        self._floor = 0
        self._ceiling: int | None = None
        self.first_delivered: int | None = None
        self.conflicts = 0
        self.repeats = 0

    def __len__(self) -> int:
        """How many offsets, runs and packed stretches are held one by one: what memory and `tally` grow with."""
        return len(self._outcomes) + len(self._remainder) + len(self._packed)

    def restrict(self, floor: int, ceiling: int | None) -> None:
        """From now on offsets below `floor`, and from `ceiling` on, are nobody's concern; forget what is known of them.

        To be called before anything is folded.
        """
        self._floor, self._ceiling = floor, ceiling
        if self._base is None:
            return
        if ceiling is not None and ceiling < self.end:
            keep = max(ceiling - self._base, 0)
            del self._outcomes[keep:], self._senders[keep:]
        if floor > self._base:
            drop = min(floor - self._base, len(self._outcomes))
            del self._outcomes[:drop], self._senders[:drop]
            self._base += drop
        self._origin = self._base
        if not self._outcomes:
            self._base = self._origin = None

    def deliver(self, first: int, last: int, sender: int) -> None:
        """Capture says that `sender` delivered the offsets `first` … `last`."""
        self.first_delivered = first if self.first_delivered is None else min(first, self.first_delivered)
        first, last = self._within(first, last)
        if first > last:
            return
        start = self._reach(first, last)
        if first < start:
            self._deliver_settled(first, min(last, start - 1), sender)
        index = start - (self._base or 0)
        if start == last:
            self._senders[index] = sender
        elif start < last:
            count = last - start + 1
            self._senders[index : index + count] = array("H", [sender]) * count

    def adopt(self, offset: int, sender: int) -> None:
        """`sender` wrote `offset`, unless it is known already who did."""
        offset, last = self._within(offset, offset)
        if offset > last:
            return
        if self._reach(offset, offset) > offset:
            for run in self._remainder.take(offset, offset):
                self._settle(run if run.sender else run._replace(sender=sender))
            for keys in self._unpacked(offset, offset):
                keys[keys < OUTCOMES] += sender * OUTCOMES
        elif not self._senders[index := offset - (self._base or 0)]:
            self._senders[index] = sender

    def record(self, offset: int, outcome: Outcome) -> None:
        """Somebody recorded an outcome for `offset`; the highest counts, a different one is a conflict."""
        index = offset - self._base if self._base is not None else -1
        if not 0 <= index < len(self._outcomes):
            self.record_range(offset, offset, outcome)
            return
        before = self._outcomes[index]
        if before == outcome:
            self.repeats += 1
        elif before:
            self.conflicts += 1
        self._outcomes[index] = max(before, outcome)

    def record_range(self, first: int, last: int, outcome: Outcome) -> None:
        """Somebody recorded the same outcome for the offsets `first` … `last`."""
        first, last = self._within(first, last)
        if first > last:
            return
        self._reach(first, last)
        base = self._base or 0
        if first < base:
            self._record_settled(first, min(last, base - 1), outcome)
            first = base
        if first > last:
            return
        place = slice(first - base, last - base + 1)
        before = self._outcomes[place]
        same = before.count(outcome)
        self.repeats += same
        self.conflicts += len(before) - same - before.count(Outcome.NONE)
        self._outcomes[place] = before.translate(_RAISED[outcome])

    def cover(self, first: int, end: int) -> None:
        """Account for every offset from `first` to `end - 1`, even for those that nobody ever mentions."""
        first, last = self._within(first, end - 1)
        if first <= last:
            self._reach(first, last)

    def extend_to(self, offset: int) -> None:
        """Account for every offset below `offset` too: the group has committed that far."""
        if self._base is not None and offset > self.end:
            self.cover(self.end, offset)

    def fold(self, line: int) -> None:
        """Settle the offsets below `line`: the log does not have them any more."""
        if self._base is None:
            return
        count, folded = min(line, self.end) - self._base, 0
        while folded < count:
            keys = self._keys(folded, min(folded + BLOCK, count))
            if len(keys) < LEAST and not self._are_cheap(count_runs(keys, unsettled(keys)), len(keys)):
                break
            self._keep(self._base + folded, keys)
            folded += len(keys)
        del self._outcomes[:folded], self._senders[:folded]
        self._base += folded

    def tally(self) -> Tally:
        """How many offsets there are of each (sender, outcome)."""
        tally: Tally = Counter(self._settled)
        for run in self._remainder:
            tally[run.sender, run.outcome] += run.frames
        for stretch in self._packed:
            tally.update(stretch.tally)
        tally.update(tally_of(self._keys(0, len(self._outcomes))))
        return tally

    def open_frames(self, first: int, end: int) -> Counter[int]:
        """How many offsets from `first` to `end - 1` have no outcome, by sender."""
        found: Counter[int] = Counter()
        for run in self._open_remainder(first, end):
            found[run.sender] += run.frames
        for sender, frames in self._packed.open_frames(first, end - 1):
            found[sender] += frames
        keys = self._keys(*self._places(first, end))
        found.update({sender: frames for (sender, outcome), frames in tally_of(keys).items() if not outcome})
        return found

    def open_offsets(self, first: int, end: int, *, limit: int) -> list[tuple[int, int]]:
        """The first `limit` offsets from `first` to `end - 1` that have no outcome, ascending: (offset, sender)."""
        return list(islice(self._each_open(first, end), limit))

    @property
    def end(self) -> int:
        """One above the highest offset seen."""
        return (self._base or 0) + len(self._outcomes)

    def _each_open(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        in_runs = (
            (offset, run.sender)
            for run in self._open_remainder(first, end)
            for offset in range(run.first, run.last + 1)
        )
        yield from merge(in_runs, self._packed.open_offsets(first, end - 1))
        begin, stop = self._places(first, end)
        base = self._base or 0
        index = self._outcomes.find(Outcome.NONE, begin, stop)
        while index >= 0:
            yield base + index, self._senders[index]
            index = self._outcomes.find(Outcome.NONE, index + 1, stop)

    def _open_remainder(self, first: int, end: int) -> Iterator[Run]:
        for run in self._remainder:
            clipped = run._replace(first=max(run.first, first), last=min(run.last, end - 1))
            if not run.outcome and clipped.frames > 0:
                yield clipped

    def _places(self, first: int, end: int) -> tuple[int, int]:
        """Where the offsets from `first` to `end - 1` stand in the arrays."""
        base = self._base or 0
        size = len(self._outcomes)
        return min(max(first - base, 0), size), min(max(end - base, 0), size)

    def _keys(self, begin: int, end: int) -> Keys:
        """Sender and outcome of some places; a copy, or the arrays could not grow any more."""
        senders = np.frombuffer(self._senders, np.uint16)[begin:end]
        return keys_of(senders, np.frombuffer(self._outcomes, np.uint8)[begin:end])

    def _are_cheap(self, runs: int, places: int) -> bool:
        return len(self._remainder) + runs <= FEW or runs * _RUN_PLACES <= places

    def _keep(self, first: int, keys: Keys) -> None:
        """Add up what is settled from `first` on; what is not stays known, as runs or packed."""
        open_ = unsettled(keys)
        self._settled.update(tally_of(keys[~open_]))
        if self._are_cheap(count_runs(keys, open_), len(keys)):
            self._remainder.put(runs_of(first, keys, open_))
        else:
            keys[~open_] = HOLE
            self._packed.put(first, keys)

    def _unpacked(self, first: int, last: int) -> Iterator[Keys]:
        """The packed places within `first` … `last`, to be changed in place; they are kept anew afterwards."""
        for begin, keys in self._packed.take(first, last):
            yield keys[max(first - begin, 0) : last - begin + 1]
            self._keep(begin, keys)

    def _within(self, first: int, last: int) -> tuple[int, int]:
        return max(first, self._floor), last if self._ceiling is None else min(last, self._ceiling - 1)

    def _deliver_settled(self, first: int, last: int, sender: int) -> None:
        for run in self._remainder.take(first, last):
            self._settle(run._replace(sender=sender))
        for keys in self._unpacked(first, last):
            known = keys != HOLE
            keys[known] = keys[known] % OUTCOMES + sender * OUTCOMES

    def _record_settled(self, first: int, last: int, outcome: Outcome) -> None:
        settled = last - first + 1
        for run in self._remainder.take(first, last):
            settled -= run.frames
            if run.outcome:
                if run.outcome == outcome:
                    self.repeats += run.frames
                else:
                    self.conflicts += run.frames
            self._settle(run._replace(outcome=max(run.outcome, outcome)))
        for keys in self._unpacked(first, last):
            known = keys != HOLE
            before = keys[known] % OUTCOMES
            same = int(np.count_nonzero(before == outcome))
            self.repeats += same
            self.conflicts += int(np.count_nonzero(before)) - same
            keys[known] += np.maximum(before, np.uint32(outcome)) - before
            settled -= len(before)
        self.repeats += settled

    def _settle(self, run: Run) -> None:
        if run.sender == UNCOUNTED or not run.outcome:
            self._remainder.put([run])
        else:
            self._settled[run.sender, run.outcome] += run.frames

    def _reach(self, first: int, last: int) -> int:
        """Make room for these offsets; the first of them that has a place in the arrays, or one above `last`."""
        if self._base is None or self._origin is None:
            self._base = self._origin = first
        if first < self._origin:
            self._reach_down(first)
        grow = last + 1 - self.end
        if grow > 0:
            self._outcomes.extend(bytes(grow))
            self._senders.frombytes(bytes(2 * grow))
        return max(first, self._base)

    def _reach_down(self, first: int) -> None:
        origin, base = self._origin or 0, self._base or 0
        missing = origin - first
        if origin == base:  # nothing was folded yet
            self._outcomes[0:0] = bytes(missing)
            self._senders[0:0] = array("H", bytes(2 * missing))
            self._base = first
        else:
            self._remainder.put([Run(first, origin - 1, UNCOUNTED, Outcome.NONE)])
        self._origin = first
