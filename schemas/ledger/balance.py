"""What the ledger says: accounts of frames, and whatever cannot be explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from schemas.messages.address import FrameAddress

UNCOUNTED_CAMERA: Final = "(uncounted)"
"""The camera of frames that no capture record names, where a table or a metric asks for one; none can be called so."""


class Fault(StrEnum):
    """Why something cannot be explained."""

    LOST = "lost"
    """Committed without a recorded outcome."""
    BEYOND_LOG = "beyond-log"
    """Capture recorded a delivery at an offset that the log does not have."""
    IMBALANCE = "imbalance"
    """Counts of capture, or of a worker's crops, contradict themselves: frames vanished between offer and delivery, or
    came from nowhere."""
    NAMED_TWICE = "named-twice"
    """A camera's records count more deliveries than there are addresses that are its own: another record, its own or
    another camera's, names the same."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """One thing that the ledger cannot explain: an address, or a number of frames of a camera, or of its run.

    Of crops that were miscounted, `parent` is the frame that they were to be cut out of.
    """

    fault: Fault
    model: str
    camera: str | None
    frames: int = 1
    address: FrameAddress | None = None
    run: int | None = None
    parent: FrameAddress | None = None

    def __str__(self) -> str:
        run = "" if self.run is None else f"run {self.run}, "
        run = f"crops of {self.parent}, " if self.parent else run
        where = str(self.address) if self.address else f"{run}{self.frames} frames"
        return f"{self.fault.value}: {self.model} {self.camera or UNCOUNTED_CAMERA} {where}"


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
    """Where the frames of one camera for one model are; counts of frames.

    `cropped` are what a second stage was offered, in place of `captured`. `redriven` are dead letters that were sent
    again: they are delivered once more, but not captured once more. `gone`
    are frames that retention took before a worker read them, which no worker has recorded: the next that starts does,
    as expired.
    """

    captured: int = 0
    cropped: int = 0
    redriven: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    inferred: int = 0
    dead: int = 0
    stale: int = 0
    other: int = 0
    expired: int = 0
    in_log: int = 0
    gone: int = 0
    unexplained: int = 0

    @property
    def skipped(self) -> int:
        """Frames that a worker deliberately did not infer; `other` are those with a reason of a newer release."""
        return self.stale + self.other + self.expired


@dataclass(frozen=True, slots=True)
class Balance:
    """The ledger at one moment.

    `accounts` by (camera, model). `uncounted` by model: frames in the log that no capture record names, such as those
    of a capture worker's last second before it was killed; they have outcomes of their own. `conflicts` and `repeats`
    count outcomes that were recorded more than once. `malformed` names the first unreadable records of
    `malformed_count`, and `unexplained` the first entries; `unnamed` are the frames that it has no room for. `newer`
    counts records of which only a newer release knows all, by what they are: they were set aside, or counted as far as
    they are understood. `sought_since` says that for what is lost no outcome was looked for from before that time.
    """

    accounts: Mapping[tuple[str, str], Account]
    uncounted: Mapping[str, Account]
    unexplained: tuple[Unexplained, ...]
    conflicts: int
    repeats: int
    malformed: tuple[MalformedRecord, ...] = ()
    malformed_count: int = 0
    unnamed: int = 0
    newer: Mapping[str, int] = field(default_factory=dict)
    sought_since: datetime | None = None

    def rows(self) -> Iterator[tuple[str, str, Account]]:
        """Every account with its camera and model, in their order; the uncounted come last."""
        for (camera, model), account in sorted(self.accounts.items()):
            yield camera, model, account
        for model, account in sorted(self.uncounted.items()):
            yield UNCOUNTED_CAMERA, model, account

    @property
    def gone(self) -> int:
        """How many frames retention took unread, without a record of it so far."""
        return sum(account.gone for _, _, account in self.rows())

    @property
    def unexplained_frames(self) -> int:
        """How many frames cannot be explained, named or not."""
        return sum(abs(entry.frames) for entry in self.unexplained) + self.unnamed

    @property
    def is_clean(self) -> bool:
        """Whether every frame is explained, and every record could be read."""
        return not self.unexplained and not self.malformed_count
