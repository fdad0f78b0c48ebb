"""Against aiokafka: one record whose header's name is not UTF-8 would stop its partition for ever.

Kafka takes any bytes for a header's name. aiokafka's fetcher decodes them strictly, fails at the same record with each
attempt, and never gets past it, however often the worker is started anew. Here such a batch is read once more, with
its names escaped (`\\xff`), by aiokafka's slower reader in Python; batches that can be read are read as ever.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

_BEGINNING: Final = struct.Struct(">qi")
"""Of each batch: its first offset, and how many bytes follow."""


def contain_header_names() -> None:
    """Let every consumer of this process read records whatever their headers are called."""
    fetcher.MemoryRecords = ReadableRecords


class ReadableRecords:
    """The batches of one answer of the broker, as aiokafka's fetcher wants them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._records = MemoryRecords(data)
        self._batches = 0

    def has_next(self) -> bool:
        """Whether there is another whole batch."""
        there: bool = self._records.has_next()
        return there

    def size_in_bytes(self) -> int:
        """How large the answer is."""
        size: int = self._records.size_in_bytes()
        return size

    def next_batch(self) -> _Batch:
        """The next batch."""
        self._batches += 1
        return _Batch(self._records.next_batch(), self._data, self._batches - 1)


class _Batch:
    """One batch; what it does not know itself, aiokafka's own does."""

    def __init__(self, batch: Any, data: bytes, index: int) -> None:  # noqa: ANN401  # aiokafka is untyped
        self._batch = batch
        self._data = data
        self._index = index

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        handed_on = 0
        try:
            for record in self._batch:
                yield record
                handed_on += 1
        except (UnicodeDecodeError, CorruptRecordException):  # the latter where aiokafka has no compiled reader
            yield from islice(self._with_escaped_names(), handed_on, None)

    def _with_escaped_names(self) -> Iterator[Any]:
        start = 0
        for _ in range(self._index):
            start += _BEGINNING.size + _BEGINNING.unpack_from(self._data, start)[1]
        length = _BEGINNING.size + _BEGINNING.unpack_from(self._data, start)[1]
        return iter(_EscapingBatch(self._data[start : start + length]))


class _EscapingBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka is untyped
    """aiokafka's reader in Python; it decodes the slices of its buffer that are headers' names, and nothing else."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _Buffer(self._buffer)

    def _read_msg(self) -> Any:  # noqa: ANN401
        return super()._read_msg(decode_varint_py)  # the compiled one takes no subclass of bytearray


class _Buffer(bytearray):
    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401  # int or slice, and what bytearray gives of either
        found = super().__getitem__(place)
        return _Slice(found) if isinstance(place, slice) else found


class _Slice(bytes):
    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
