"""The watch: looks at the broker's account now and then, where no frame arrives that would make anyone look.

A partition whose frames all expired delivers nothing, so nothing would be committed and its lag would stay for ever.
And a consumer that stopped consuming looks like an idle one (https://github.com/faust-streaming/faust/issues/175, and
316, 523, 532, 603 there).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from aiokafka.errors import KafkaError

from processors.streaming.outcomes import Outcomes
from processors.streaming.partitions import Partitions
from processors.streaming.takeover import FramesLog, record_expired
from schemas.errors import EnvironmentMissingError

log = logging.getLogger(__name__)

PATIENCE: Final = 12
"""So many looks in a row without progress, while frames wait, mean that consumption has stopped."""


async def watch(partitions: Partitions, frames: FramesLog, outcomes: Outcomes, *, interval_s: float) -> None:
    """Record what expired unseen; return only by an error.

    Raises:
        EnvironmentMissingError: Frames wait, and none has been consumed for twelve intervals.
    """
    idle, before = 0, -1
    while True:
        await asyncio.sleep(interval_s)
        owned = tuple(partitions)
        if not owned:
            idle = 0
            continue
        try:
            bounds = await frames.bounds([partition.number for partition in owned])
        except KafkaError as error:
            log.warning("watch could not look error=%r", error)
            continue
        waiting = 0
        for partition in owned:
            begin, end = bounds[partition.number]
            if partitions.settled(partition):
                await record_expired(partition, begin, partitions, outcomes)
            waiting += max(end - partition.head, 0)
        now = sum(partition.head for partition in owned)
        idle = idle + 1 if waiting and now == before else 0
        before = now
        if idle >= PATIENCE:
            raise EnvironmentMissingError(
                f"{waiting} frames wait and none was consumed for {PATIENCE * interval_s:.0f} s; expected progress"
            )
