"""Offsets of one partition as inclusive ranges: compact where they are dense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator

from schemas.messages._base import INT32, INT64, Message

Offset = Annotated[int, Field(ge=0), INT64]


class PartitionRanges(Message):
    """Offsets of one partition: inclusive ranges, ascending and disjoint."""

    TITLE: ClassVar[str] = "offset ranges"

    partition: Annotated[int, Field(ge=0), INT32]
    ranges: Annotated[tuple[tuple[Offset, Offset], ...], Field(min_length=1)]

    @field_validator("ranges")
    @classmethod
    def _ascending(cls, value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        end = -1
        for first, last in value:
            if not end < first <= last:
                raise ValueError(f"range {first}-{last} after {end}: expected ascending, disjoint ranges")
            end = last
        return value

    @property
    def count(self) -> int:
        """How many offsets the ranges hold."""
        return sum(last - first + 1 for first, last in self.ranges)

    def offsets(self) -> Iterator[int]:
        """Every offset, ascending."""
        for first, last in self.ranges:
            yield from range(first, last + 1)

    @classmethod
    def of(cls, partition: int, offsets: Iterable[int]) -> Self:
        """The ranges that hold just `offsets`, of which there must be at least one."""
        ranges: list[tuple[int, int]] = []
        for offset in sorted(set(offsets)):
            if ranges and ranges[-1][1] == offset - 1:
                ranges[-1] = (ranges[-1][0], offset)
            else:
                ranges.append((offset, offset))
        return cls(partition=partition, ranges=tuple(ranges))
