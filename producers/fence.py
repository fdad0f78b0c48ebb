"""Watches `captures` for claims: who sees a higher claim of its camera stops, whatever its group membership says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from producers.connection import reader_config
from schemas.errors import MessageError
from schemas.messages import CaptureClaim, decode_capture
from schemas.settings import Settings

log = logging.getLogger(__name__)


class Fence:
    """Hands on every claim in the partitions that `watch` was told of."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.names.captures
        self._asked: SimpleQueue[tuple[str, int, int]] = SimpleQueue()
        self._watched: set[int] = set()
        self._newest: dict[tuple[str, int], int] = {}
        self._stop = Event()
        self._consumer = Consumer(reader_config(settings, "capture-fence") | {"fetch.wait.max.ms": 500})
        self._thread: Thread | None = None

    def start(self, claimed: Callable[[str, int], None]) -> None:
        """Call `claimed(camera, offset)` for every claim from now on, in a thread of the fence's own."""
        self._thread = Thread(target=self._run, args=(claimed,), name="capture-fence", daemon=True)
        self._thread.start()

    def watch(self, camera: str, partition: int, offset: int) -> None:
        """Look on for claims in `partition` from `offset`, where `camera` was claimed, or wherever it is read already.

        A higher claim of the camera that was seen before this one was known is handed on again.
        """
        self._asked.put((camera, partition, offset))

    def overtaken(self, camera: str, partition: int, offset: int) -> bool:
        """Whether a higher claim of `camera` than the one at `offset` was seen already."""
        return self._newest.get((camera, partition), offset) > offset

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._consumer.close()

    def _run(self, claimed: Callable[[str, int], None]) -> None:
        while not self._stop.is_set():
            self._add_asked(claimed)
            if not self._watched:
                self._stop.wait(0.2)
                continue
            for record in self._consumer.consume(500, timeout=0.5):
                claim = self._claim_in(record)
                if claim is not None:
                    self._newest[claim.camera, record.partition()] = record.offset()
                    claimed(claim.camera, record.offset())

    def _add_asked(self, claimed: Callable[[str, int], None]) -> None:
        try:
            while True:
                camera, partition, offset = self._asked.get_nowait()
                if partition not in self._watched:
                    self._watched.add(partition)
                    self._consumer.incremental_assign([TopicPartition(self._topic, partition, offset)])
                elif self.overtaken(camera, partition, offset):
                    claimed(camera, self._newest[camera, partition])
        except Empty:
            return

    @staticmethod
    def _claim_in(record: Any) -> CaptureClaim | None:  # noqa: ANN401 (a confluent-kafka Message)
        value = record.value() or b""
        if record.error() is not None or b'"claim"' not in value:
            return None  # nearly every record is counts: they are not even parsed
        try:
            claim = decode_capture(value)
        except MessageError as error:
            log.warning("capture record ignored partition=%d offset=%d %s", record.partition(), record.offset(), error)
            return None
        return claim if isinstance(claim, CaptureClaim) else None
