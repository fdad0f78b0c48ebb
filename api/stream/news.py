"""What the reader of the log tells the stream, besides results."""

from __future__ import annotations

from dataclasses import dataclass

from api.result_record import ResultRecord


@dataclass(frozen=True, slots=True)
class TopicNews:
    """A results topic that appeared, grew or was made anew: where reading begins in each of its partitions."""

    model: str
    incarnation: bytes
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no result."""

    model: str
    partition: int
    offset: int


News = ResultRecord | TopicNews | Unreadable
