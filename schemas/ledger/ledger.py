"""The ledger: every captured frame ends in a recorded outcome, and whatever does not is named.

    captured + cropped + redriven = dropped(reason) + delivered + failed + unknown    from `captures`; `redrives`
    delivered = inferred + dead + stale + other + expired + in_log + gone + lost   address by address

The two meet in `delivered`: what a camera's records count must be as many addresses as they name.

`redriven` frames are dead letters that were sent again: no capture record counts them a second time, but each has an
address of its own, and an outcome.

`cropped` frames are what a second stage was offered: each has a record of the worker that saw it, which names the crops
that it delivered and counts those that it did not make. A crop that such a record does not name (its worker was killed
in between, and has made it anew) is known by what its own outcome says of it.

`gone` (below the log's start, but not below the group's committed offset) are frames that no worker can read any more,
and none has recorded that yet. `lost` (below the committed offset, and nobody recorded an outcome) must be empty; so
must every other `Unexplained`. No term is a remainder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from schemas.errors import MessageError
from schemas.ledger.balance import Account, Balance, Fault, Unexplained
from schemas.ledger.captures import StreamTotals
from schemas.ledger.outcome import Outcome
from schemas.ledger.partition import UNCOUNTED, PartitionLedger
from schemas.messages.address import FrameAddress
from schemas.messages.captures import CaptureCounts, CropCounts
from schemas.messages.ranges import PartitionRanges

Partition = tuple[str, int]
"""A model's frames topic, and a partition of it."""

CAMERAS: Final = 65_535
"""Cameras that a ledger can tell apart, a camera whose frames were sent again being one more; whoever names more of
them is not counting cameras."""
NAMED: Final = 10_000
"""Frames without an outcome that a balance names one by one; all are counted."""

_FIELDS = {
    Outcome.INFERRED: "inferred",
    Outcome.DEAD: "dead",
    Outcome.STALE: "stale",
    Outcome.OTHER: "other",
    Outcome.EXPIRED: "expired",
}
_FOREVER: Final = 2**63


class _Origin(StrEnum):
    """Who delivered a frame: an account counts it in the field of this name."""

    CAPTURED = "captured"
    REDRIVEN = "redriven"
    CROPPED = "cropped"


_Sender = tuple[_Origin, str | None]
"""And of which camera; None: nobody can tell."""


class Ledger:
    """Adds up capture records and outcomes in any order; `balance` says where every frame is.

    Memory grows with the frames that are still open, or were not folded yet, and with what is wrong: not with history.
    """

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], StreamTotals] = {}
        self._partitions: dict[Partition, PartitionLedger] = {}
        self._senders: dict[_Sender, int] = {}
        """A number for each, from 1 on: what the partitions keep of an offset's sender."""
        self._crops: dict[tuple[str, str], _CropTotals] = {}
        self._windowed = False

    def __len__(self) -> int:
        """How many offsets and runs of offsets are held one by one."""
        return sum(len(ledger) for ledger in self._partitions.values())

    def add_counts(self, counts: CaptureCounts, *, trimmed: bool = False) -> None:
        """Account for a capture record; those of one run must come in the order of their offsets.

        `trimmed`: the beginning of the run is missing, since retention has taken it or it is before the window.

        Raises:
            MessageError: There are more cameras than the ledger can tell apart.
        """
        sender = self._number("capture counts", _Origin.CAPTURED, counts.camera)
        stream = self._streams.setdefault((counts.camera, counts.model), StreamTotals())
        if stream.add(counts, trimmed=trimmed):
            self._deliver(counts, sender)

    def add_later(self, counts: CaptureCounts) -> None:
        """Account for a capture record that was written after the window: only its deliveries may belong to it.

        Raises:
            MessageError: There are more cameras than the ledger can tell apart.
        """
        sender = self._number("capture counts", _Origin.CAPTURED, counts.camera)
        self._streams.setdefault((counts.camera, counts.model), StreamTotals()).go_on(counts.run)
        self._deliver(counts, sender)

    def add_redrive(self, address: FrameAddress, camera: str | None) -> None:
        """Account for a dead letter of `camera` (None: nobody can tell) that was sent again, and is at `address` now.

        There may be two witnesses, the record of it and the headers of its outcome: the second adds nothing. A frame
        that a capture record names is a captured one, whatever others say of it.

        Raises:
            MessageError: There are more cameras than the ledger can tell apart.
        """
        index = self._number("redrive", _Origin.REDRIVEN, camera)
        self._partition(address.model, address.partition).adopt(address.offset, index)

    def add_crops(self, counts: CropCounts, *, later: bool = False) -> None:
        """Account for the crops of one frame; a record that was written twice counts its deliveries once.

        `later`: it was written after the window, so that only its deliveries may belong to it.

        Raises:
            MessageError: There are more cameras than the ledger can tell apart.
        """
        self._deliver(counts, self._number("crop counts", _Origin.CROPPED, counts.camera))
        if not later:
            totals = self._crops.setdefault((counts.camera, counts.model), _CropTotals())
            totals.dropped.update({str(reason): number for reason, number in counts.dropped.items()})
            if counts.imbalance:
                totals.wrong.append((FrameAddress.parse(counts.parent), counts.imbalance))

    def add_crop(self, address: FrameAddress, camera: str | None) -> None:
        """Account for a crop of `camera` (None: nobody can tell), as its outcome says; a record of it says more.

        Raises:
            MessageError: There are more cameras than the ledger can tell apart.
        """
        index = self._number("crop", _Origin.CROPPED, camera)
        self._partition(address.model, address.partition).adopt(address.offset, index)

    def add_outcome(self, address: FrameAddress, outcome: Outcome) -> None:
        """Account for the outcome of one frame."""
        self._partition(address.model, address.partition).record(address.offset, outcome)

    def add_outcomes(self, model: str, ranges: PartitionRanges, outcome: Outcome) -> None:
        """Account for the same outcome of many frames."""
        ledger = self._partition(model, ranges.partition)
        for first, last in ranges.ranges:
            ledger.record_range(first, last, outcome)

    def cover(self, model: str, partition: int, first: int, end: int) -> None:
        """Account for every frame of the log, offsets `first` … `end - 1`, even if nobody ever mentions it."""
        self._partition(model, partition).cover(first, end)

    def restrict(self, model: str, partition: int, first: int, end: int | None) -> None:
        """Account only for the offsets from `first` to `end - 1` of a partition; `end` None: from `first` on.

        From the first call on the ledger is that of a window: of the capture records that were added, what they dropped
        and failed counts in full, and of their deliveries those that the window holds. To be called before outcomes are
        added.
        """
        self._windowed = True
        self._partition(model, partition).restrict(first, end)

    def ends(self) -> dict[Partition, int]:
        """One above the highest offset of each partition that anybody mentioned."""
        return {place: ledger.end for place, ledger in self._partitions.items()}

    def fold(self, log_start: Mapping[Partition, int]) -> None:
        """Settle what is below the beginning of the log: nobody can infer it any more."""
        for place, ledger in self._partitions.items():
            ledger.fold(log_start.get(place, 0))

    def horizons(self, log_start: Mapping[Partition, int]) -> dict[Partition, int]:
        """From which offset on the records are complete, once retention has taken some of `captures`.

        Outcomes are kept longer than captures, but each of their logs is cut at a place of its own: only from the first
        offset that a capture record names, or from the log's own start, is a missing outcome a loss.
        """
        return {
            place: min(start, ledger.first_delivered if ledger.first_delivered is not None else start)
            for place, start in log_start.items()
            if (ledger := self._partitions.get(place)) is not None
        }

    def balance(
        self,
        committed: Mapping[Partition, int],
        log_end: Mapping[Partition, int],
        horizon: Mapping[Partition, int] | None = None,
        *,
        log_start: Mapping[Partition, int] | None = None,
    ) -> Balance:
        """Where every frame is.

        Args:
            committed: The group's committed offset (the next to read) by model and partition; none: 0.
            log_end: One above the last offset in the log, by model and partition.
            horizon: Offsets below it are too old to be missed; none: every offset counts.
            log_start: The first offset that the log still has, by model and partition; none: 0.
        """
        sheet = _Sheet(self._senders)
        self._balance_streams(sheet)
        self._balance_crops(sheet)
        for place, ledger in self._partitions.items():
            at, end = committed.get(place, 0), log_end.get(place, 0)
            ledger.extend_to(at)
            begin, start = (horizon or {}).get(place, 0), (log_start or {}).get(place, 0)
            self._place_outcomes(sheet, place, ledger, begin)
            sheet.fault(Fault.LOST, place, ledger, (begin, at))
            for sender, frames in ledger.open_frames(max(begin, at), start).items():
                sheet.account(sender, place[0]).gone += frames
            for sender, frames in ledger.open_frames(max(begin, at, start), end).items():
                sheet.account(sender, place[0]).in_log += frames
            sheet.fault(Fault.BEYOND_LOG, place, ledger, (max(begin, at, end), _FOREVER))
        if not self._windowed:
            self._compare_deliveries(sheet)
        return Balance(
            accounts=sheet.accounts,
            uncounted=sheet.uncounted,
            unexplained=tuple(sheet.unexplained),
            conflicts=sum(ledger.conflicts for ledger in self._partitions.values()),
            repeats=sum(ledger.repeats for ledger in self._partitions.values()),
            unnamed=sheet.unnamed,
        )

    def _balance_streams(self, sheet: _Sheet) -> None:
        for (camera, model), stream in self._streams.items():
            account = sheet.accounts.setdefault((camera, model), Account())
            for totals in stream.sums():
                account.captured += totals.captured - (totals.delivered if self._windowed else 0)
                account.dropped.update(totals.dropped)
                account.delivered += 0 if self._windowed else totals.delivered
                account.failed += totals.failed
                account.unknown += totals.unknown
            for run, frames in stream.imbalances():
                account.unexplained += abs(frames)
                sheet.unexplained.append(Unexplained(Fault.IMBALANCE, model, camera, frames=frames, run=run))

    def _balance_crops(self, sheet: _Sheet) -> None:
        for (camera, model), totals in self._crops.items():
            account = sheet.accounts.setdefault((camera, model), Account())
            account.cropped += totals.dropped.total()
            account.dropped.update(totals.dropped)
            for parent, frames in totals.wrong:
                account.cropped += frames
                account.unexplained += abs(frames)
                sheet.unexplained.append(Unexplained(Fault.IMBALANCE, model, camera, frames=frames, parent=parent))

    def _compare_deliveries(self, sheet: _Sheet) -> None:
        """A camera's records must name as many addresses as they count: else somebody names one that was named."""
        for (camera, model), stream in self._streams.items():
            counted = sum(totals.delivered for totals in stream.sums())
            if frames := counted - sheet.named[self._senders.get((_Origin.CAPTURED, camera), UNCOUNTED), model]:
                sheet.accounts[camera, model].unexplained += abs(frames)
                sheet.unexplained.append(Unexplained(Fault.NAMED_TWICE, model, camera, frames=frames))

    def _number(self, what: str, origin: _Origin, camera: str | None) -> int:
        sender = origin, camera
        number = self._senders.get(sender)
        if number is None:
            number = len(self._senders) + 1
            if number > CAMERAS:
                raise MessageError(f"{what}: camera {camera!r} is one too many: expected at most {CAMERAS:,}")
            self._senders[sender] = number
        return number

    def _deliver(self, counts: CaptureCounts | CropCounts, sender: int) -> None:
        for entry in counts.delivered:
            ledger = self._partition(counts.model, entry.partition)
            for first, last in entry.ranges:
                ledger.deliver(first, last, sender)

    def _place_outcomes(self, sheet: _Sheet, place: Partition, ledger: PartitionLedger, horizon: int) -> None:
        tally = ledger.tally()
        # Of what is too old to be missed nobody knows any more whether it was a frame.
        tally.subtract({(sender, Outcome.NONE): frames for sender, frames in ledger.open_frames(0, horizon).items()})
        for (sender, outcome), frames in (+tally).items():
            account = sheet.account(sender, place[0])
            sheet.named[sender, place[0]] += frames
            origin = sheet.origins.get(sender)
            if origin is not _Origin.CAPTURED or self._windowed:  # else the streams have counted them
                account.delivered += frames
                if origin:
                    _add(account, origin, frames)
            if outcome:
                _add(account, _FIELDS[Outcome(outcome)], frames)

    def _partition(self, model: str, partition: int) -> PartitionLedger:
        ledger = self._partitions.get((model, partition))
        if ledger is None:
            ledger = self._partitions[model, partition] = PartitionLedger()
        return ledger


def _add(account: Account, name: str, frames: int) -> None:
    setattr(account, name, getattr(account, name) + frames)


@dataclass(slots=True)
class _CropTotals:
    """Crops of one camera for one second stage: those that were not made, and records that contradict themselves."""

    dropped: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[FrameAddress, int]] = field(default_factory=list)


class _Sheet:
    """A balance in the making."""

    def __init__(self, senders: Mapping[_Sender, int]) -> None:
        self.accounts: dict[tuple[str, str], Account] = {}
        self.uncounted: dict[str, Account] = {}
        self.unexplained: list[Unexplained] = []
        self.unnamed = 0
        self.named: Counter[tuple[int, str]] = Counter()
        """Addresses by who sent them, and model."""
        self.origins = {number: origin for (origin, _), number in senders.items()}
        self._cameras = {number: camera for (_, camera), number in senders.items()}

    def account(self, sender: int, model: str) -> Account:
        camera = self._cameras.get(sender)
        if camera is None:
            return self.uncounted.setdefault(model, Account())
        return self.accounts.setdefault((camera, model), Account())

    def fault(self, fault: Fault, place: Partition, ledger: PartitionLedger, offsets: tuple[int, int]) -> None:
        """Every frame without an outcome from the first to below the second of `offsets` is one."""
        model, partition = place
        counts = ledger.open_frames(*offsets)
        if not counts:
            return
        for sender, frames in counts.items():
            self.account(sender, model).unexplained += frames
        named = ledger.open_offsets(*offsets, limit=max(NAMED - len(self.unexplained), 0))
        for offset, sender in named:
            address = FrameAddress(model, partition, offset)
            self.unexplained.append(Unexplained(fault, model, self._cameras.get(sender), address=address))
        self.unnamed += counts.total() - len(named)
