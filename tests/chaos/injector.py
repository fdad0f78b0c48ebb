"""Frames of the suite's own beside capture's: poison all the time, and lethal, slow and good ones when asked."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Any, Final

from confluent_kafka import Producer

from schemas.messages import FrameAddress, FrameInfo, Lane
from schemas.settings import Settings
from tests.chaos.pictures import POISON, SIZE

CAMERA: Final = "saboteur"
_FLUSH_S: Final = 60.0


class Injector:
    """Writes into the frames of one model, through the proxy as everybody does, and knows each frame's address.

    Its frames are of the batch lane: none may be shed, so each has one outcome that is known beforehand. The producer
    is idempotent and never gives up: every frame is acknowledged once, whatever happens on the way.
    """

    def __init__(self, settings: Settings, model: str, partitions: int, *, rate: float, chance: random.Random) -> None:
        self.poison: set[FrameAddress] = set()
        self._topic = settings.names.frames(model)
        self._model = model
        self._partitions = partitions
        self._rate = rate
        self._chance = chance
        self._seq = 0
        self._due = 0.0
        self._producer = Producer(
            {
                **settings.librdkafka(),
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                "linger.ms": 0,
                "message.max.bytes": settings.record_limit_bytes,
                "reconnect.backoff.max.ms": 1000,
                "log_level": 0,
            }
        )

    def tick(self) -> None:
        """Send the poison that is due: `rate` frames a second, and none for the time in which nobody called."""
        self._producer.poll(0)
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + 1.0 / self._rate
        self._produce(self._chance.choice(POISON)(self._chance), self._chance.randrange(self._partitions), self.poison)

    def send(self, values: list[bytes], partition: int) -> list[FrameAddress]:
        """Send frames into one partition, one after the other; their addresses, in order."""
        places: set[FrameAddress] = set()
        for value in values:
            self._produce(value, partition, places)
        self.flush()
        assert len(places) == len(values), f"{len(values) - len(places)} frames were not acknowledged"
        return sorted(places, key=lambda address: address.offset)

    def flush(self) -> None:
        """Wait until the broker has everything."""
        left = self._producer.flush(_FLUSH_S)
        assert left == 0, f"{left} frames without an acknowledgement after {_FLUSH_S:.0f} s"

    def _produce(self, value: bytes, partition: int, places: set[FrameAddress]) -> None:
        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            places.add(FrameAddress(self._model, message.partition(), message.offset()))

        now, (width, height) = datetime.now(UTC), SIZE
        info = FrameInfo(self._model, CAMERA, "default", 0, self._seq, now, width, height, Lane.BATCH)
        self._seq += 1
        self._producer.produce(
            self._topic, value, CAMERA.encode(), partition, headers=info.encode(), on_delivery=delivered
        )
