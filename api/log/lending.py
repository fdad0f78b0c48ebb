"""Consumers that many threads share: each has one for itself for as long as it needs it."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from confluent_kafka import Consumer

from api.log.kafka import group_free_consumer
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings


class Consumers:
    """So many consumers without a group, the one that was used last first; blocking, thread-safe.

    `of` says what they read, for an error.
    """

    def __init__(self, settings: Settings, options: Mapping[str, str | float], *, count: int, of: str) -> None:
        self._of = of
        self._idle: queue.LifoQueue[Consumer] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(group_free_consumer(settings, options))

    @contextmanager
    def lend(self, timeout: float) -> Iterator[Consumer]:
        """One of them, while the block runs.

        Raises:
            EnvironmentMissingError: All are in use for `timeout` seconds.
        """
        try:
            consumer = self._idle.get(timeout=timeout)
        except queue.Empty:
            raise EnvironmentMissingError(f"every reader of {self._of} is busy: try again") from None
        try:
            yield consumer
        finally:
            self._idle.put(consumer)

    def close(self) -> None:
        """Leave the broker; one that is lent is left to the end of the process."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
