"""Frames to Kafka: a bounded queue, and a delivery report for every frame."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException

from producers.counts import Fate
from producers.outage import Outage
from producers.pump import Pump
from schemas.messages import FrameInfo, Lane
from schemas.settings import Settings

log = logging.getLogger(__name__)

QUEUE_FRAMES: Final = 2_000
QUEUE_KILOBYTES: Final = 64 * 1024
LINGER_MS: Final = 0
"""How long a frame waits for others to share its request: 5 ms cost every frame so much, and saved nobody CPU."""
GIVE_UP_MS: Final = 10_000
"""How long a frame may stay undelivered before it counts as failed."""
AWAY_S: Final = 5.0
"""Without an acknowledgement for so long no more frames are queued, and live ones that wait are given up: they would be
stale when the broker comes back."""
_ANSWER_S: Final = 1.0


class FrameSink:
    """The one producer of a worker's frames; what it queues is bounded in frames, in bytes and in seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        queue_frames: int = QUEUE_FRAMES,
        give_up_ms: int = GIVE_UP_MS,
        linger_ms: int = LINGER_MS,
    ) -> None:
        self._names = settings.names
        self._outage = Outage(AWAY_S)
        self._pump = Pump(
            settings,
            "capture-frames",
            {
                "linger.ms": linger_ms,
                "message.timeout.ms": give_up_ms,
                "request.timeout.ms": min(5_000, give_up_ms),
                "queue.buffering.max.messages": queue_frames,
                "queue.buffering.max.kbytes": max(QUEUE_KILOBYTES, 4 * settings.record_limit_bytes // 1024),
                "compression.type": "none",  # JPEG does not compress
            },
            look=self._look,
        )

    @property
    def broken(self) -> bool:
        """Whether the producer can do nothing more."""
        return self._pump.fatal.is_set()

    def send(self, info: FrameInfo, jpeg: bytes, partition: int, fate: Fate) -> bool:
        """Queue a frame, whose end `fate` will hear of; False, and nothing counted, when there is no place for it.

        There is none while the queue is full, and during an outage.
        """
        return not self._outage.lasts and self._put(info, jpeg, partition, fate)

    def _put(self, info: FrameInfo, jpeg: bytes, partition: int, fate: Fate) -> bool:
        again = partial(self._put, info, jpeg, partition, fate) if info.lane is not Lane.LIVE else None

        def settle(error: KafkaError | None, record: Any) -> None:  # noqa: ANN401 (a confluent-kafka Message)
            if error is None:
                self._outage.heard(time.monotonic())
                fate.deliver(record.partition(), record.offset())
            elif not (again and error.code() == KafkaError._PURGE_QUEUE and again()):
                self._fail(fate, info, partition, error)

        try:
            self._pump.producer.produce(
                self._names.frames(info.model),
                jpeg,
                info.camera.encode(),
                partition,
                on_delivery=settle,
                headers=info.encode(),
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._fail(fate, info, partition, error.args[0])
        return True

    def close(self, timeout_s: float) -> int:
        """Wait for frames under way; how many are still without an answer."""
        return self._pump.close(timeout_s)

    def _look(self, producer: Any) -> None:  # noqa: ANN401 (a confluent-kafka Producer)
        if self._outage.look(time.monotonic(), len(producer), lambda: _answers(producer)):
            state = "queues nothing: no acknowledgement came" if self._outage.lasts else "queues frames again"
            log.warning("capture %s waiting=%d", state, len(producer))
            if self._outage.lasts:  # those of the batch lane are queued again; what is on the wire stays there
                producer.purge(in_queue=True, in_flight=False, blocking=False)

    @staticmethod
    def _fail(fate: Fate, info: FrameInfo, partition: int, error: KafkaError) -> None:
        fate.fail()
        log.debug(
            "frame failed camera=%s model=%s seq=%d partition=%d error=%s",
            info.camera,
            info.model,
            info.seq,
            partition,
            error.str(),
        )


def _answers(producer: Any) -> bool:  # noqa: ANN401 (a confluent-kafka Producer)
    try:
        producer.list_topics(timeout=_ANSWER_S)
    except KafkaException:
        return False
    return True
