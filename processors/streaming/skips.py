"""The open run of skipped frames: they hold no slot of the window, and are recorded many at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Final, Generic, NamedTuple, TypeVar

from schemas.messages import PartitionRanges, Skip, SkippedFrames, SkipReason

INTERVAL_S: Final = 0.5
FRAMES: Final = 1000

E = TypeVar("E")


class Skipped(NamedTuple, Generic[E]):
    """One skipped frame; `entry` is whatever its taker needs in order to acknowledge it."""

    camera: str
    partition: int
    offset: int
    entry: E


class SkipWriter(Generic[E]):
    """Collects stale frames and records a run of them after 500 ms or 1,000 frames, whichever comes first.

    `write` returns when the broker has acknowledged the record; then `done` is called for each frame's entry. `wake`
    starts `flush` when a run's time is up.
    """

    def __init__(
        self,
        model: str,
        *,
        write: Callable[[Skip], Awaitable[None]],
        done: Callable[[E], None],
        wake: Callable[[], None],
    ) -> None:
        self._model = model
        self._write = write
        self._done = done
        self._wake = wake
        self._run: list[Skipped[E]] = []
        self._being_written = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()

    def __len__(self) -> int:
        """Frames whose record is not acknowledged, those being written included."""
        return len(self._run) + self._being_written

    def add(self, frame: Skipped[E]) -> bool:
        """Skip one frame; True: the run is full, and is to be flushed before the next one is added."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self._wake)
        self._run.append(frame)
        return len(self._run) >= FRAMES

    async def flush(self) -> None:
        """Record the open run; whoever waits for this knows that every frame added before has its outcome."""
        async with self._writing:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            run, self._run = self._run, []
            self._being_written = len(run)
            try:
                if run:
                    await self._write(stale(self._model, run, datetime.now(UTC)))
                    for frame in run:
                        self._done(frame.entry)
            finally:
                self._being_written = 0

    def drop(self) -> None:
        """Forget the open run: its frames are somebody else's now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._run = []


def stale(model: str, run: Iterable[Skipped[E]], time: datetime) -> Skip:
    """The record of a run of at least one frame."""
    offsets: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for frame in run:
        offsets[frame.camera][frame.partition].append(frame.offset)
    return Skip(
        model=model,
        reason=SkipReason.STALE,
        time=time,
        skipped=tuple(
            SkippedFrames(
                camera=camera,
                frames=tuple(PartitionRanges.of(number, numbers) for number, numbers in sorted(partitions.items())),
            )
            for camera, partitions in offsets.items()
        ),
    )
