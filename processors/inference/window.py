"""The ordered window: frames finish in any order, and are acknowledged in the order of their offsets.

window = OrderedWindow[Event]()
entry = window.open(("frames", 3), 17, event)   # the frame is taken
for ready in window.done(entry):                # its outcome is recorded: everything that waited only for it
    ready.item.ack()
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Entry(Generic[T]):
    """A frame that was taken: `item` is whatever its taker needs in order to acknowledge it."""

    partition: Hashable
    offset: int
    item: T
    finished: bool = False


class OrderedWindow(Generic[T]):
    """Which frames are open in each partition, and which of them may be acknowledged; not thread-safe.

    A frame may be acknowledged when its outcome and those of all frames before it in its partition are recorded.
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, deque[Entry[T]]] = {}
        self._next: dict[Hashable, int] = {}
        self._entries = 0

    def open(self, partition: Hashable, offset: int, item: T) -> Entry[T]:
        """Take a frame.

        Raises:
            ValueError: `offset` is not above the last one that was opened in this partition.
        """
        lowest = self._next.get(partition, 0)
        if offset < lowest:
            raise ValueError(f"partition {partition!r}, offset {offset}: expected {lowest} or more")
        entry = Entry(partition, offset, item)
        self._open.setdefault(partition, deque()).append(entry)
        self._next[partition] = offset + 1
        self._entries += 1
        return entry

    def done(self, entry: Entry[T]) -> list[Entry[T]]:
        """The frame's outcome is recorded: the entries that may be acknowledged now, in order; often none.

        Nothing comes of an entry that was done before, or whose partition was forgotten.
        """
        entry.finished = True
        waiting = self._open.get(entry.partition)
        ready: list[Entry[T]] = []
        while waiting and waiting[0].finished:
            ready.append(waiting.popleft())
        self._entries -= len(ready)
        return ready

    def forget(self, partitions: Iterable[Hashable]) -> None:
        """These partitions belong to somebody else now, who will read again whatever was not acknowledged."""
        for partition in partitions:
            self._entries -= len(self._open.pop(partition, ()))
            self._next.pop(partition, None)

    def __len__(self) -> int:
        """How many frames are taken and not yet acknowledgeable."""
        return self._entries
