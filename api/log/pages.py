"""Answers straight from the log, page by page: where one begins, and the cursor that goes on behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from confluent_kafka import Message

from api.log.cursor import Cursor, CursorError
from api.log.kafka import Log, Offsets
from api.log.walk import LogAnewError, LogWalker
from schemas.settings import Settings

T = TypeVar("T")

_ANSWER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class LogPage(Generic[T]):
    """What one answer has.

    `next` goes on behind it; None when everything is told that was there when the page began. `resume` goes on behind
    it in any case: with what is written later. `missed` records were taken by retention before they were read.
    """

    found: list[T]
    next: str | None
    resume: str
    missed: int


class LogPages:
    """Reads one page after the other, and keeps nothing in between; blocking, thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._offsets = Offsets(settings)
        self._walker = LogWalker(settings, self._offsets)

    def read(
        self, topics: Iterable[str], cursor: Cursor, take: Callable[[Message], list[T]], *, limit: int
    ) -> LogPage[T]:
        """The page of `topics` behind `cursor`; see `LogWalker.page`.

        Raises:
            CursorError: The cursor is about other topics.
            LogAnewError: One of them was made anew.
            EnvironmentMissingError: Kafka gives no answer.
        """
        positions = self._positions(set(topics), cursor)
        page = self._walker.page(positions, take, limit=limit, until_ms=cursor.until_ms)
        behind = replace(cursor, positions=page.positions).encode()
        return LogPage(page.found, None if page.complete else behind, behind, page.missed)

    def close(self) -> None:
        """Leave the broker."""
        self._walker.close()
        self._offsets.close()

    def _positions(self, topics: set[str], cursor: Cursor) -> dict[Log, int]:
        foreign = {topic for topic, _ in cursor.positions} - topics
        if foreign:
            raise CursorError(f"the cursor is about {', '.join(sorted(foreign))[:200]}: expected one of this question")
        deadline = time.monotonic() + _ANSWER_S
        counts = self._offsets.partitions(topics, deadline=deadline)
        logs = {(topic, number) for topic, count in counts.items() for number in range(count)}
        gone = sorted(cursor.positions.keys() - logs)
        if gone:
            raise LogAnewError(f"topic {gone[0][0]} has no partition {gone[0][1]} any more: it was made anew")
        fresh = logs - cursor.positions.keys()
        begins = (
            self._offsets.at(fresh, cursor.since_ms, deadline=deadline)
            if cursor.since_ms
            else self._offsets.starts(fresh, deadline=deadline)
        )
        return {**begins, **cursor.positions}
