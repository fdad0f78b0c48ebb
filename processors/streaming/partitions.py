"""The partitions that this worker owns: what was taken of each, what may be committed, how its last owner went.

Pure state: nothing here waits, or talks to a broker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from processors.inference.shedding import Shedder
from processors.inference.window import Entry, OrderedWindow
from processors.streaming.caution import CLEAN, FLOOR, OPENING, Caution, Position, running, trying


class Partition:
    """One partition from its assignment to its revocation.

    `expected` is the offset that the stream must bring next; `head` is the lowest without a recorded outcome, so
    the next to commit; `committed` is what the broker knows, None before it knows anything.
    """

    __slots__ = ("caution", "committed", "expected", "head", "hole", "number", "reported", "seen", "shedder")

    def __init__(self, number: int, start: int, caution: Caution, shedder: Shedder) -> None:
        self.number = number
        self.expected = self.head = self.reported = start
        self.committed: int | None = None
        self.caution = caution
        self.shedder = shedder
        self.hole: int | None = None
        """The offset that came too early, for which the stream was sent back to `expected`."""
        self.seen = start
        """One above the last offset that has had its turn in the stream, taken or not."""

    def running_mark(self, allowance: int = FLOOR) -> str:
        """How far frames may be begun before the next commit: as many again as since the last one, and some more."""
        until = self.expected + (self.expected - self.reported) + allowance
        return running(max(until, self.caution.until))

    def inherited_mark(self) -> str | None:
        """What the predecessor's mark still asks for at `head`; an attempt of ours that did not kill is not counted."""
        if not self.caution.covers(self.head):
            return None
        tried = self.caution.tried_before(self.head)
        return trying(tried, self.caution.until) if tried else running(self.caution.until)


class Partitions:
    """The partitions of one worker and the window over all of them."""

    def __init__(self, new_shedder: Callable[[], Shedder]) -> None:
        self._new_shedder = new_shedder
        self._owned: dict[int, Partition] = {}
        self._window = OrderedWindow[Partition]()

    def __len__(self) -> int:
        return len(self._owned)

    def __iter__(self) -> Iterator[Partition]:
        return iter(tuple(self._owned.values()))

    @property
    def open_frames(self) -> int:
        """Frames taken and not yet acknowledged."""
        return len(self._window)

    def assign(self, number: int, start: int, caution: Caution) -> Partition:
        """Own a partition from offset `start` on."""
        partition = self._owned[number] = Partition(number, start, caution, self._new_shedder())
        return partition

    def get(self, number: int) -> Partition | None:
        """The partition, if this worker owns it."""
        return self._owned.get(number)

    def owns(self, partition: Partition) -> bool:
        """Whether `partition` is still the one that this worker was assigned."""
        return self._owned.get(partition.number) is partition

    def take(self, partition: Partition, last: int) -> Entry[Partition]:
        """Take everything from the expected offset to `last` (one frame, or a gap) in one entry."""
        partition.expected = last + 1
        return self._window.open(partition.number, last, partition)

    def done(self, entry: Entry[Partition]) -> None:
        """The outcome of `entry` is recorded: whatever waited only for it may be committed."""
        for ready in self._window.done(entry):
            ready.item.head = ready.offset + 1

    def settled(self, partition: Partition) -> bool:
        """Whether every frame that was taken of `partition` has its outcome."""
        return partition.head == partition.expected

    def opening(self) -> dict[int, Position]:
        """What to commit when taking over, before anything is begun: a group commits once when it is created."""
        return {
            number: Position(partition.head, partition.inherited_mark() or partition.running_mark(OPENING))
            for number, partition in self._owned.items()
        }

    def due(self) -> dict[int, Position]:
        """What to commit while running."""
        return {
            number: Position(partition.head, partition.running_mark())
            for number, partition in self._owned.items()
            if partition.committed is None or partition.head > partition.committed
        }

    def closing(self) -> dict[int, Position]:
        """What to commit when handing over: clean where everything taken has its outcome."""
        return {
            number: Position(partition.head, partition.inherited_mark() or self._last_mark(partition))
            for number, partition in self._owned.items()
        }

    def committed(self, positions: Mapping[int, Position]) -> None:
        """The broker has acknowledged a commit."""
        for number, position in positions.items():
            if partition := self._owned.get(number):
                partition.committed = position.offset
                partition.reported = partition.expected

    def drop(self) -> None:
        """These partitions are somebody else's now, who reads again whatever was not committed."""
        self._window.forget(tuple(self._owned))
        self._owned.clear()

    def _last_mark(self, partition: Partition) -> str:
        return CLEAN if self.settled(partition) else partition.running_mark()
