"""Taking over partitions, and closing gaps: what expired before anyone read it is recorded before anything goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from processors.streaming.caution import Caution, Position
from processors.streaming.outcomes import Outcomes
from processors.streaming.partitions import Partition, Partitions

log = logging.getLogger(__name__)


class FramesLog(Protocol):
    """What can be asked of the frames' log and of the group's commits."""

    async def positions(self, partitions: Iterable[int]) -> dict[int, Position]:
        """What the group has committed; partitions without a commit are absent."""

    async def bounds(self, partitions: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The first offset in the log and the one above the last, by partition."""

    async def rewind(self, partition: int, offset: int) -> None:
        """Let the stream go on at `offset`."""

    async def commit_now(self, positions: Mapping[int, Position]) -> bool:
        """Commit; False where the group has moved on, or the broker refuses."""

    def halt(self) -> None:
        """Let no more frames reach the stream."""


async def take_up(numbers: set[int], frames: FramesLog, partitions: Partitions, outcomes: Outcomes) -> None:
    """Own these partitions from where the group left off, with a first commit for each.

    Raises:
        EnvironmentMissingError: The broker does not acknowledge the record of what expired.
    """
    if not numbers:
        return
    committed = await frames.positions(numbers)
    bounds = await frames.bounds(numbers)
    starts, gaps = {}, {}
    for number in sorted(numbers):
        position = committed.get(number, Position(0))
        begin, end = bounds[number]
        if position.offset > end:
            log.warning("committed beyond the log partition=%d offset=%d end=%d", number, position.offset, end)
            position = Position(begin)
        if position.offset < begin:
            gaps[number] = position.offset, begin - 1
        starts[number] = max(position.offset, begin), Caution.read(position, end)
    await outcomes.expired(gaps)
    for number, (start, caution) in starts.items():
        partitions.assign(number, start, caution)
    if not await frames.commit_now(partitions.opening()):
        log.warning("first commit failed partitions=%s", sorted(numbers))


async def close_gap(
    partition: Partition, offset: int, frames: FramesLog, partitions: Partitions, outcomes: Outcomes
) -> bool:
    """`offset` came, but `partition.expected` was expected: find out why, and whether to go on with `offset`.

    What the log no longer has expired: recorded. What it still has was lost on the way to us: the stream is sent
    back. Should it come to the same place again, then there is no frame at these offsets (a transaction's marker).

    Raises:
        EnvironmentMissingError: The broker does not acknowledge the record of what expired.
    """
    begin, _ = (await frames.bounds([partition.number]))[partition.number]
    await record_expired(partition, min(begin, offset), partitions, outcomes)
    if partition.expected >= offset or not partitions.owns(partition):
        return partitions.owns(partition) and partition.expected == offset
    if partition.hole is None or offset < partition.hole:
        log.warning("stream jumped partition=%d expected=%d offset=%d", partition.number, partition.expected, offset)
        partition.hole = offset
        await frames.rewind(partition.number, partition.expected)
        return False
    if partition.hole == offset:
        await record_expired(partition, offset, partitions, outcomes)
        return partition.expected == offset
    return False  # what was on its way before the stream was sent back


async def record_expired(partition: Partition, until: int, partitions: Partitions, outcomes: Outcomes) -> None:
    """Record that the frames from the expected offset up to `until`, if there are any, expired.

    Raises:
        EnvironmentMissingError: The broker does not acknowledge the record.
    """
    if partition.expected >= until or not partitions.owns(partition):
        return
    first = partition.expected
    partition.hole = None
    entry = partitions.take(partition, until - 1)
    await outcomes.expired({partition.number: (first, until - 1)})
    partitions.done(entry)
