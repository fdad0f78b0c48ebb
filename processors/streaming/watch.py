"""The watch: looks at the broker's account now and then, where no frame arrives that would make anyone look.

A partition whose frames all expired delivers nothing, and neither does a log that ends in the marker of a transaction:
nothing would be committed, and their lag would stay for ever. And a consumer that stopped consuming looks like an idle
one (https://github.com/faust-streaming/faust/issues/175, and 316, 523, 532, 603 there): see `liveness`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

from processors.streaming.group_view import Standing
from processors.streaming.holding import Holding
from processors.streaming.liveness import Patience, Sight
from processors.streaming.outcomes import Outcomes
from processors.streaming.partitions import Partition, Partitions
from processors.streaming.takeover import record_expired

log = logging.getLogger(__name__)

ANSWER_S: Final = 0.5
"""A consumer that does not say within so many seconds what it holds holds nothing."""


class View(Protocol):
    """What the broker says to somebody beside the worker."""

    async def look(self, partitions: list[int]) -> Mapping[int, Standing] | None:
        """How these partitions stand; None where the broker does not answer."""

    async def holds_nothing(self, partition: int, first: int, end: int) -> bool:
        """Whether the log has no record from `first` up to its `end`."""


class Stream(Protocol):
    """The way of frames from the consumer to the worker."""

    async def holding(self, partitions: list[int]) -> dict[int, Holding]:
        """What is on its way; partitions that are not assigned are absent."""


class Watched(Protocol):
    """The worker, as far as it is watched."""

    partitions: Partitions
    turns: int
    """Frames that have come out of the stream."""


class Watch:
    """Looks at the group now and then; `run` returns only by an error."""

    def __init__(self, worker: Watched, stream: Stream, outcomes: Outcomes, view: View, *, patience: int) -> None:
        self._worker = worker
        self._stream = stream
        self._outcomes = outcomes
        self._view = view
        self._patience = Patience(patience)
        self._owned: tuple[Partition, ...] = ()
        self._settled: dict[int, int] = {}
        """Where partitions stood at the look before, of those without a frame in work."""

    async def run(self, interval_s: float) -> None:
        """Record what expired unseen, and the ends of logs that hold no frame.

        Raises:
            StalledError: Frames wait, the broker answers, and commits stood still for `patience` looks.
            EnvironmentMissingError: The broker does not acknowledge the record of what expired.
        """
        while True:
            await asyncio.sleep(interval_s)
            await self._see()

    async def _see(self) -> None:
        owned = tuple(self._worker.partitions)
        standings = await self._view.look([partition.number for partition in owned]) if owned else None
        if owned != tuple(self._worker.partitions):
            return  # a rebalance came in between
        if owned != self._owned or standings is None or self._outcomes.refused:
            self._patience.forget()
        self._owned = owned
        if standings is None:
            return
        holdings = await self._holdings(owned)
        sights = {}
        for partition in owned:
            standing, holding = standings[partition.number], holdings.get(partition.number)
            committed = standing.begin if standing.committed is None else standing.committed
            queued = holding is not None and holding.queued(partition)
            sights[partition.number] = Sight(committed, standing.end, queued)
        self._patience.see(sights, turns=self._worker.turns, now=datetime.now(UTC))
        for partition in owned:
            await self._pass(partition, standings[partition.number])

    async def _holdings(self, owned: tuple[Partition, ...]) -> dict[int, Holding]:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._stream.holding([partition.number for partition in owned])
        except TimeoutError:
            log.warning("the consumer does not answer after_s=%.1f", ANSWER_S)
            return {}

    async def _pass(self, partition: Partition, standing: Standing) -> None:
        """Record what no frame will bring: those that expired, and offsets at the log's end that have no record."""
        before = self._settled.pop(partition.number, None)
        if not self._worker.partitions.settled(partition):
            return
        if standing.committed is not None and standing.committed > partition.head:
            return  # by another member: we were stopped, have lost the partition, and have not heard of it yet
        await record_expired(partition, standing.begin, self._worker.partitions, self._outcomes)
        first = partition.expected
        self._settled[partition.number] = first
        if before != first or first >= standing.end:
            return
        if await self._view.holds_nothing(partition.number, first, standing.end) and partition.expected == first:
            log.info("no frame at the log's end partition=%d offsets=%d-%d", partition.number, first, standing.end - 1)
            await record_expired(partition, standing.end, self._worker.partitions, self._outcomes)
