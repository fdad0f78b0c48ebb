"""The ledger: every captured frame ends in a recorded outcome, and whatever does not is named.

    captured  = dropped(reason) + delivered + failed + unknown          from `captures`, run by run
    delivered = inferred + dead + stale + expired + in_log + lost       address by address

`lost` (below the group's committed offset, and nobody recorded an outcome) must be empty; so must every other
`Unexplained`. No term is a remainder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.ledger.captures import RunTotals
from schemas.ledger.outcome import Outcome
from schemas.ledger.partition import UNCOUNTED, PartitionLedger
from schemas.messages.address import FrameAddress
from schemas.messages.captures import CaptureCounts
from schemas.messages.ranges import PartitionRanges

Partition = tuple[str, int]
"""A model's frames topic, and a partition of it."""


class Fault(StrEnum):
    """Why something cannot be explained."""

    LOST = "lost"
    """Committed without a recorded outcome."""
    BEYOND_LOG = "beyond-log"
    """Capture recorded a delivery at an offset that the log does not have."""
    IMBALANCE = "imbalance"
    """Capture's counts contradict themselves: frames vanished between offer and delivery, or came from nowhere."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """One thing that the ledger cannot explain: an address, or a camera's run with a number of frames."""

    fault: Fault
    model: str
    camera: str | None
    frames: int = 1
    address: FrameAddress | None = None
    run: int | None = None

    def __str__(self) -> str:
        where = str(self.address) if self.address else f"run {self.run}, {self.frames} frames"
        return f"{self.fault.value}: {self.model} {self.camera or '(uncounted)'} {where}"


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A record that the audit could not read: whatever it said is missing in the ledger."""

    topic: str
    partition: int
    offset: int
    error: str

    def __str__(self) -> str:
        return f"malformed: {self.topic} partition {self.partition} offset {self.offset}: {self.error}"


@dataclass(slots=True)
class Account:
    """Where the frames of one camera for one model are; counts of frames."""

    captured: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    inferred: int = 0
    dead: int = 0
    stale: int = 0
    expired: int = 0
    in_log: int = 0
    unexplained: int = 0

    @property
    def skipped(self) -> int:
        """Frames that a worker deliberately did not infer."""
        return self.stale + self.expired


@dataclass(frozen=True, slots=True)
class Balance:
    """The ledger at one moment.

    `accounts` by (camera, model). `uncounted` by model: frames in the log that no capture record names, such as those
    of a capture worker's last second before it was killed; they have outcomes of their own. `conflicts` and `repeats`
    count outcomes that were recorded more than once. `malformed` names the first unreadable records of
    `malformed_count`.
    """

    accounts: Mapping[tuple[str, str], Account]
    uncounted: Mapping[str, Account]
    unexplained: tuple[Unexplained, ...]
    conflicts: int
    repeats: int
    malformed: tuple[MalformedRecord, ...] = ()
    malformed_count: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every frame is explained, and every record could be read."""
        return not self.unexplained and not self.malformed_count


_FIELDS = {
    Outcome.INFERRED: "inferred",
    Outcome.DEAD: "dead",
    Outcome.STALE: "stale",
    Outcome.EXPIRED: "expired",
}


class Ledger:
    """Adds up capture records and outcomes in any order; `balance` says where every frame is."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str, int], RunTotals] = {}
        self._partitions: dict[Partition, PartitionLedger] = {}
        self._senders: dict[str, int] = {}

    def add_counts(self, counts: CaptureCounts, *, trimmed: bool = False) -> None:
        """Account for a capture record; those of one run must come in the order of their offsets.

        `trimmed`: retention has taken the beginning of the run.
        """
        totals = self._runs.setdefault((counts.camera, counts.model, counts.run), RunTotals())
        before = totals.next_seq
        totals.add(counts, trimmed=trimmed)
        if totals.next_seq == before and counts.captured:
            return
        sender = self._senders.setdefault(counts.camera, len(self._senders) + 1)
        for entry in counts.delivered:
            ledger = self._partition(counts.model, entry.partition)
            for first, last in entry.ranges:
                ledger.deliver(first, last, sender)

    def add_outcome(self, address: FrameAddress, outcome: Outcome) -> None:
        """Account for the outcome of one frame."""
        self._partition(address.model, address.partition).record(address.offset, outcome)

    def add_outcomes(self, model: str, ranges: PartitionRanges, outcome: Outcome) -> None:
        """Account for the same outcome of many frames."""
        ledger = self._partition(model, ranges.partition)
        for offset in ranges.offsets():
            ledger.record(offset, outcome)

    def cover(self, model: str, partition: int, first: int, end: int) -> None:
        """Account for every frame of the log, offsets `first` … `end - 1`, even if nobody ever mentions it."""
        self._partition(model, partition).cover(first, end)

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
    ) -> Balance:
        """Where every frame is.

        Args:
            committed: The group's committed offset (the next to read) by model and partition; none: 0.
            log_end: One above the last offset in the log, by model and partition.
            horizon: Offsets below it are too old to be missed; none: every offset counts.
        """
        accounts: dict[tuple[str, str], Account] = {}
        uncounted: dict[str, Account] = {}
        unexplained: list[Unexplained] = []
        self._balance_runs(accounts, unexplained)
        cameras = {index: camera for camera, index in self._senders.items()}
        for (model, partition), ledger in self._partitions.items():
            ledger.extend_to(committed.get((model, partition), 0))
            for (sender, outcome), frames in ledger.tally().items():
                self._place(_account(accounts, uncounted, cameras.get(sender), model), sender, outcome, frames)
            for offset, sender in ledger.open_offsets():
                if horizon and offset < horizon.get((model, partition), 0):
                    continue
                camera = cameras.get(sender)
                account = _account(accounts, uncounted, camera, model)
                if offset < committed.get((model, partition), 0):
                    fault = Fault.LOST
                elif offset >= log_end.get((model, partition), 0):
                    fault = Fault.BEYOND_LOG
                else:
                    account.in_log += 1
                    continue
                account.unexplained += 1
                unexplained.append(Unexplained(fault, model, camera, address=FrameAddress(model, partition, offset)))
        return Balance(
            accounts=accounts,
            uncounted=uncounted,
            unexplained=tuple(unexplained),
            conflicts=sum(ledger.conflicts for ledger in self._partitions.values()),
            repeats=sum(ledger.repeats for ledger in self._partitions.values()),
        )

    def _balance_runs(self, accounts: dict[tuple[str, str], Account], unexplained: list[Unexplained]) -> None:
        for (camera, model, run), totals in self._runs.items():
            account = accounts.setdefault((camera, model), Account())
            account.captured += totals.captured
            account.dropped.update(totals.dropped)
            account.delivered += totals.delivered
            account.failed += totals.failed
            account.unknown += totals.unknown
            if totals.imbalance:
                account.unexplained += abs(totals.imbalance)
                unexplained.append(Unexplained(Fault.IMBALANCE, model, camera, frames=totals.imbalance, run=run))

    @staticmethod
    def _place(account: Account, sender: int, outcome: int, frames: int) -> None:
        if sender == UNCOUNTED:
            account.delivered += frames
        if outcome:
            name = _FIELDS[Outcome(outcome)]
            setattr(account, name, getattr(account, name) + frames)

    def _partition(self, model: str, partition: int) -> PartitionLedger:
        ledger = self._partitions.get((model, partition))
        if ledger is None:
            ledger = self._partitions[model, partition] = PartitionLedger()
        return ledger


def _account(
    accounts: dict[tuple[str, str], Account], uncounted: dict[str, Account], camera: str | None, model: str
) -> Account:
    return uncounted.setdefault(model, Account()) if camera is None else accounts[camera, model]
