"""What of a partition is on its way from the broker to the worker, inside this process: pure."""

from __future__ import annotations

from typing import NamedTuple

from processors.streaming.partitions import Partition


class Holding(NamedTuple):
    """What the consumer holds of one partition.

    `fetched` says that there are records which it has not put into the stream; `handed` is one above the last record
    that it has (None: none so far).
    """

    fetched: bool
    handed: int | None

    def queued(self, partition: Partition) -> bool:
        """Whether frames of `partition` are in this process and have not had their turn."""
        return self.fetched or self.handed not in {None, partition.seen}
