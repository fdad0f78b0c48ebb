"""What the broker says of a group's commits and its log's ends, asked through a client of its own.

The worker's own client is what may have stalled, so it is no witness. This one never joins the group.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Final, NamedTuple, TypeVar

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.settings import Settings

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0
"""A look without an answer after so many seconds has none."""

T = TypeVar("T")


class Standing(NamedTuple):
    """A partition as the broker has it: the group's commit (None: none), the log's first offset and its next."""

    committed: int | None
    begin: int
    end: int


class GroupView:
    """Looks at the commits and the frames' log of `model`: one look at a time.

    Not AdminClient.list_consumer_group_offsets, which aborts the process where the coordinator moves or ends meanwhile:
    https://github.com/confluentinc/librdkafka/issues/5040
    """

    def __init__(self, settings: Settings, model: str) -> None:
        self._topic = settings.names.frames(model)
        self._consumer = Consumer(
            {
                **settings.librdkafka(),
                "group.id": settings.names.inference_group(model),
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",  # what expired meanwhile is another matter
                "queued.max.messages.kbytes": 2048,  # one record is enough to know
                "isolation.level": "read_uncommitted",  # as aiokafka reads
                "log_level": 2,
                "error_cb": lambda _: None,  # whether the broker answers is seen by the answers
            }
        )

    async def look(self, partitions: Iterable[int]) -> dict[int, Standing] | None:
        """How these partitions stand now; None where the broker does not answer within `ANSWER_S`."""
        return await _beside(partial(self.ask, tuple(partitions)))

    async def holds_nothing(self, partition: int, first: int, end: int) -> bool:
        """Whether the log has no record from `first` up to its `end`, as seen by reading it; False if it is unknown.

        Where a transaction ended there is an offset without a record, its marker.
        """
        return await _beside(partial(self.read, partition, first, end))

    def ask(self, partitions: Iterable[int]) -> dict[int, Standing] | None:
        """`look`, for a thread that may wait."""
        places = [TopicPartition(self._topic, number) for number in partitions]
        if not places:
            return {}
        try:
            self._consumer.poll(0)  # else the client would keep every event of its connections for it
            deadline = time.monotonic() + ANSWER_S
            committed = self._offsets(self._consumer.committed(places, timeout=ANSWER_S))
            begins = self._bounds(places, OFFSET_BEGINNING, deadline)
            ends = self._bounds(places, OFFSET_END, deadline)
        except KafkaException as error:
            log.info("no answer to a look at the group error=%s", error.args[0])
            return None
        return {
            number: Standing(offset if offset >= 0 else None, begins[number], ends[number])
            for number, offset in committed.items()
        }

    def read(self, partition: int, first: int, end: int) -> bool:
        """`holds_nothing`, for a thread that may wait."""
        deadline = time.monotonic() + ANSWER_S
        try:
            self._consumer.assign([TopicPartition(self._topic, partition, first)])
            while time.monotonic() < deadline:
                message = self._consumer.poll(0.1)
                if message is None:
                    continue
                error = message.error()
                return error is not None and error.code() == KafkaError._PARTITION_EOF and message.offset() >= end
        except KafkaException as error:
            log.info("cannot read the log's end partition=%d error=%s", partition, error.args[0])
        finally:
            self._consumer.unassign()
        return False

    def _bounds(self, places: list[TopicPartition], which: int, deadline: float) -> dict[int, int]:
        asked = [TopicPartition(place.topic, place.partition, which) for place in places]
        timeout = max(deadline - time.monotonic(), 0.1)
        return self._offsets(self._consumer.offsets_for_times(asked, timeout=timeout))

    @staticmethod
    def _offsets(places: list[TopicPartition]) -> dict[int, int]:
        """Offsets by partition.

        Raises:
            KafkaException: The broker has refused one of them.
        """
        for place in places:
            if place.error:
                raise KafkaException(place.error)
        return {place.partition: place.offset for place in places}


async def _beside(ask: Callable[[], T]) -> T:
    """What `ask` returns, from a thread that a process which is to end need not wait for."""
    found = Future[T]()
    found.set_running_or_notify_cancel()  # whoever waits may leave, the thread does not notice

    def run() -> None:
        try:
            found.set_result(ask())
        except BaseException as error:  # the thread's edge: it is raised where it is waited for
            found.set_exception(error)

    threading.Thread(target=run, name="look", daemon=True).start()
    return await asyncio.wrap_future(found)
