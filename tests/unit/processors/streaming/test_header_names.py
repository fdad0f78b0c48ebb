"""Records whose headers' names are no text are read, escaped, among those that are."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from processors.streaming.header_names import ReadableRecords


class Raw(str):
    """A header's name that is written as these bytes."""

    __slots__ = ("raw",)

    def __new__(cls, raw: bytes) -> Raw:
        made = super().__new__(cls, "name")
        made.raw = raw  # type: ignore[attr-defined]
        return made

    def encode(self, *_: Any) -> bytes:
        return self.raw  # type: ignore[attr-defined, no-any-return]


NAME = Raw(b"\xff\xfeevil\x80")
ESCAPED = "\\xff\\xfeevil\\x80"


def batch(*headers: list[tuple[str, bytes | None]], first: int = 0) -> bytes:
    """A batch of records with these headers, as a broker keeps it."""
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)
    for offset, given in enumerate(headers):
        builder.append(offset, 1000 + offset, b"key", bytes([offset]) * 3, given)
    return first.to_bytes(8, "big") + bytes(builder.build())[8:]


def read(data: bytes, kind: Any = ReadableRecords) -> list[tuple[int, bytes, list[tuple[str, bytes | None]]]]:
    records = kind(data)
    found = []
    while records.has_next():
        one = records.next_batch()
        assert not one.is_control_batch
        found += [(record.offset, record.value, list(record.headers)) for record in one]
    return found


def test_records_that_can_be_read_are_read_as_ever() -> None:
    data = batch([("a", b"1"), ("é", None)], []) + batch([("b", b"")], first=2)
    assert read(data) == read(data, MemoryRecords)
    assert ReadableRecords(data).size_in_bytes() == len(data)


def test_a_name_that_is_no_text_is_escaped_and_its_neighbours_are_whole() -> None:
    data = (
        batch([("a", b"1")])
        + batch([("b", b"2")], [("c", None), (NAME, b"\xff\x00"), ("d", b"\xff")], [("é", b"4")], first=1)
        + batch([(NAME, None)], [("e", b"5")], first=4)
    )
    with pytest.raises(UnicodeDecodeError):
        read(data, MemoryRecords)
    assert read(data) == [
        (0, b"\0\0\0", [("a", b"1")]),
        (1, b"\0\0\0", [("b", b"2")]),
        (2, b"\1\1\1", [("c", None), (ESCAPED, b"\xff\x00"), ("d", b"\xff")]),
        (3, b"\2\2\2", [("é", b"4")]),
        (4, b"\0\0\0", [(ESCAPED, None)]),
        (5, b"\1\1\1", [("e", b"5")]),
    ]


def test_what_is_broken_in_another_way_stays_an_error() -> None:
    data = bytearray(batch([(NAME, b"1")]))
    data[-2] ^= 0x55  # the length of the header's value
    with pytest.raises(CorruptRecordException):
        read(bytes(data))
