"""The newest results in memory, of bounded size, which every client is sent from, and what the slow ones lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from api.result_record import ResultRecord
from api.stream.encodings import Encoding
from api.stream.ids import Positions

_ENTRIES: Final = 4096
_BYTES: Final = 16 * 1024 * 1024


@dataclass(slots=True)
class Entry:
    """A result, and the ids of its event in a stream of all models and in one of its own."""

    record: ResultRecord
    id_of_all: str
    id_of_one: str
    _heads: dict[Encoding, bytes] = field(default_factory=dict)

    def head(self, encoding: Encoding) -> bytes:
        """Its event without the id: made once for all clients."""
        head = self._heads.get(encoding)
        if head is None:
            head = self._heads[encoding] = encoding.head(self.record)
        return head


class Window:
    """Entries by number, from `first` on; `base` is where whoever has got nothing of them has come.

    Whoever is about to be sent entry `n` holds `n`: when that goes before it was sent, `lost(n)` says where `base` was.
    """

    def __init__(self, *, entries: int = _ENTRIES, size: int = _BYTES) -> None:
        self.base = Positions()
        self.first = 0
        self.next = 0
        self._entries: dict[int, Entry] = {}
        self._most = entries
        self._most_bytes = size
        self._bytes = 0
        self._held: Counter[int] = Counter()
        self._lost: dict[int, Positions] = {}

    def __getitem__(self, number: int) -> Entry:
        return self._entries[number]

    def append(self, entry: Entry) -> None:
        """Take a result in; the oldest go for it."""
        self._entries[self.next] = entry
        self.next += 1
        self._bytes += len(entry.record.value)
        while len(self._entries) > self._most or (self._bytes > self._most_bytes and len(self._entries) > 1):
            self._evict()

    def renew(self, positions: Positions) -> None:
        """Forget everything, since a topic was made anew; whoever holds a number has lost it."""
        while self._entries:
            self._evict()
        self._note(self.next)
        self.next += 1
        self.first = self.next
        self.base = positions.copy()

    def hold(self, number: int) -> None:
        """Say that somebody is to be sent entry `number`."""
        self._held[number] += 1

    def release(self, number: int) -> None:
        """Take a `hold` back."""
        self._held[number] -= 1
        if not self._held[number]:
            del self._held[number]
            self._lost.pop(number, None)

    def lost(self, number: int) -> Positions:
        """How far whoever holds `number`, which is gone, has come."""
        return self._lost[number]

    def numbers(self, first: int) -> Iterable[int]:
        """Those of the entries from `first` on."""
        return range(first, self.next)

    def _evict(self) -> None:
        self._note(self.first)
        record = self._entries.pop(self.first).record
        self.first += 1
        self._bytes -= len(record.value)
        self.base.advance(record.model, record.partition, record.offset + 1)

    def _note(self, number: int) -> None:
        if number in self._held:
            self._lost[number] = self.base.copy()
