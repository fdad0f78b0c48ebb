"""What became of the frames of one camera, model and run: pure accounting, safe for many threads."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from threading import Condition
from typing import Protocol

from schemas.messages import CaptureCounts, DropReason, PartitionRanges


class Fate(Protocol):
    """Who learns what became of one frame."""

    def deliver(self, partition: int, offset: int) -> None:
        """The broker acknowledged it."""

    def fail(self) -> None:
        """It was sent, and the producer gave it up."""


class FrameCounter:
    """Counts each frame once when it is offered and once when its fate is known; the rest is in flight.

    Everything changes under one lock, so every record keeps the conservation law of `CaptureCounts` exactly.
    """

    def __init__(self, camera: str, model: str, run: int) -> None:
        self.camera = camera
        self.model = model
        self.run = run
        self._changed = Condition()
        self._offered = 0
        self._in_flight = 0
        self._closed = False
        self._reported = 0
        self._dropped: Counter[DropReason] = Counter()
        self._failed = 0
        self._delivered: dict[int, list[int]] = defaultdict(list)

    def offer(self) -> int:
        """A frame is offered; its `seq`."""
        with self._changed:
            seq = self._offered
            self._offered += 1
            self._in_flight += 1
            return seq

    def drop(self, reason: DropReason) -> None:
        """An offered frame is not sent."""
        with self._changed:
            if self._settle():
                self._dropped[reason] += 1

    def leave_out(self, reason: DropReason) -> None:
        """A frame is offered, and in the same moment it is certain that it is not sent."""
        with self._changed:
            if not self._closed:
                self._offered += 1
                self._dropped[reason] += 1

    def deliver(self, partition: int, offset: int) -> None:
        """The broker acknowledged a frame."""
        with self._changed:
            if self._settle():
                self._delivered[partition].append(offset)

    def fail(self) -> None:
        """A frame was sent, and the producer gave it up."""
        with self._changed:
            if self._settle():
                self._failed += 1

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until no frame is in flight; whether that came about in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, max(0.0, timeout_s))

    def snapshot(self, time: datetime, *, closed: bool = False) -> CaptureCounts | None:
        """The record of what happened since the last one; None when nothing did.

        A `closed` record is the last one, and always comes, once: what is learnt afterwards is not recorded, and such a
        frame stays in flight.
        """
        with self._changed:
            quiet = self._reported == self._offered and not (self._dropped or self._failed or self._delivered)
            if self._closed or (quiet and not closed):
                return None
            counts = CaptureCounts(
                camera=self.camera,
                model=self.model,
                run=self.run,
                time=time,
                first_seq=self._reported,
                next_seq=self._offered,
                dropped=dict(self._dropped),
                failed=self._failed,
                delivered=tuple(PartitionRanges.of(*entry) for entry in sorted(self._delivered.items())),
                in_flight=self._in_flight,
                closed=closed,
            )
            self._reported = self._offered
            self._dropped, self._failed, self._delivered = Counter(), 0, defaultdict(list)
            self._closed = closed
            return counts

    def _settle(self) -> bool:
        """One frame's fate is known; whether it still counts."""
        if self._closed:
            return False
        self._in_flight -= 1
        if self._in_flight == 0:
            self._changed.notify_all()
        return True
