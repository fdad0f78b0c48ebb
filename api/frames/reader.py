"""Fetches one frame by its address: the one place where the API reads pictures from Kafka."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from api.frames.cache import FrameCache, StoredFrame
from api.log.kafka import Log, Offsets, appended_at, assign, drain, headers_of
from api.log.lending import Consumers
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError, FramebusError, MessageError
from schemas.messages import FrameAddress, RawHeaders, decode_frame_headers
from schemas.settings import Settings

CONSUMERS: Final = 4
"""Fetches that can be under way at once."""
_CACHE_BYTES: Final = 64 * 1024 * 1024
_ANSWER_S: Final = 3.0
_NEIGHBOURS: Final = 64
_GONE: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._PARTITION_EOF})
_FETCH: Final[dict[str, str | float]] = {
    "auto.offset.reset": "error",  # an address is exact: never another frame instead
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 2,  # a consumer asks for one partition only; whatever it waits for delays the next request
    "fetch.min.bytes": 1,
    "fetch.queue.backoff.ms": 1,
    "message.max.bytes": 64 * 1024,  # only so that fetch.max.bytes may be small; larger records still come
    "fetch.max.bytes": 64 * 1024,
    "max.partition.fetch.bytes": 64 * 1024,
    "queued.min.messages": 1,
    "queued.max.messages.kbytes": 1024,
    "check.crcs": False,
}


class FrameExpiredError(FramebusError):
    """Retention has removed the frame from the log."""


class FrameNotFoundError(FramebusError):
    """There is no frame at that address: the model, the partition or the offset does not exist."""


class OtherFrameError(FramebusError):
    """Another frame is at that address than the one that is meant, or none yet: the topic was made anew."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Which frame somebody means, as its result says; what is None does not matter."""

    camera: str | None = None
    run: int | None = None
    seq: int | None = None
    captured_at: datetime | None = None

    def difference(self, frame: StoredFrame) -> str | None:
        """What of `frame` is not as it was meant, in words; None: nothing."""
        for name in ("camera", "run", "seq", "captured_at"):
            wanted, found = getattr(self, name), getattr(frame.info, name, None)
            if wanted is not None and wanted != found:
                return f"{name} = {found}, expected {wanted}"
        return None


ANY: Final = Expected()


class FrameReader:
    """A few consumers that jump to an address each time; blocking, thread-safe."""

    def __init__(self, settings: Settings, catalogue: Catalogue, *, consumers: int = CONSUMERS) -> None:
        self._names = settings.names
        self._servers = settings.bootstrap_servers
        self._catalogue = catalogue
        self._offsets = Offsets(settings)
        self._cache = FrameCache(_CACHE_BYTES)
        self._partitions: dict[str, int] = {}
        self._met: set[tuple[int, str]] = set()
        self._identities: dict[str, str] = {}
        self._consumers = Consumers(settings, _FETCH, count=consumers, of="frames")

    def fetch(self, address: FrameAddress, expected: Expected = ANY) -> StoredFrame:
        """The frame at `address`, which must be the `expected` one.

        Raises:
            FrameNotFoundError: The model is not in the catalogue, or its log has no such partition or offset (yet).
            FrameExpiredError: The frame was in the log once.
            OtherFrameError: Something else is there than was expected, or was expected and is not there yet: a log
                never gives an address twice, so it was deleted and made anew.
            EnvironmentMissingError: Kafka gives no answer.
        """
        frame = self._fetch(address, expected)
        if difference := expected.difference(frame):
            raise OtherFrameError(
                f"frame {address} is not the one that is meant: {difference}; if that one ever was there, its "
                "topic was made anew since"
            )
        return frame

    def renew(self) -> None:
        """Forget the frames of topics that were made anew since the last call.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        topics = {self._names.frames(model.name): model.name for model in self._catalogue.models}
        found = self._offsets.described(topics, deadline=time.monotonic() + _ANSWER_S)
        for topic, shape in found.items():
            if self._identities.setdefault(topic, shape.id) != shape.id:
                self._identities[topic] = shape.id
                self._partitions.pop(topic, None)
                self._met = {met for met in self._met if met[1] != topic}
                self._cache.forget(topics[topic])

    def _fetch(self, address: FrameAddress, expected: Expected) -> StoredFrame:
        if address.model not in self._catalogue:
            known = ", ".join(model.name for model in self._catalogue.models)
            raise FrameNotFoundError(f"model {address.model!r} is not in the catalogue: expected one of {known}")
        frame = self._cached(address, expected)
        if frame is None:
            with self._consumers.lend(_ANSWER_S) as consumer:
                frame = self._cached(address, expected) or self._read(consumer, address, expected)
        return frame

    def _cached(self, address: FrameAddress, expected: Expected) -> StoredFrame | None:
        """The frame, if it is here; what is not the expected one may be of a topic that is no more."""
        frame = self._cache.get(address)
        return None if frame is None or expected.difference(frame) else frame

    def close(self) -> None:
        """Leave the broker; a reader that still waits for a frame is left to the end of the process."""
        self._consumers.close()

    def _read(self, consumer: Consumer, address: FrameAddress, expected: Expected) -> StoredFrame:
        self._cache.drop(address)
        deadline = time.monotonic() + _ANSWER_S
        self._check_partition(address, deadline)
        log = (self._names.frames(address.model), address.partition)
        self._jump(consumer, log, address.offset)
        try:
            frame = self._await(consumer, address, deadline)
        finally:
            consumer.unassign()
        if frame is None:
            raise self._absence(log, address, expected)
        return frame

    def _await(self, consumer: Consumer, address: FrameAddress, deadline: float) -> StoredFrame | None:
        """The frame, when it comes; None when the broker says that it will not."""
        while time.monotonic() < deadline:
            for message in drain(consumer, limit=_NEIGHBOURS, timeout=0.1):
                error = message.error()
                if error is None:
                    # The rest of a batch comes along with the frame, and is soon asked for by whoever plays the log.
                    self._cache.put(_stored(message, address.model))
                elif error.code() not in _GONE:
                    raise EnvironmentMissingError(f"frame {address} cannot be read: {error.str()}")
                else:
                    return self._cache.get(address)
            frame = self._cache.get(address)
            if frame:
                return frame
        return None

    def _jump(self, consumer: Consumer, log: Log, offset: int) -> None:
        if (id(consumer), log[0]) in self._met:
            consumer.assign([TopicPartition(*log, offset)])
        else:
            assign(consumer, {log: offset}, timeout=_ANSWER_S)
            self._met.add((id(consumer), log[0]))

    def _check_partition(self, address: FrameAddress, deadline: float) -> None:
        topic = self._names.frames(address.model)
        if address.partition >= self._partitions.get(topic, 0):
            self._partitions.update(self._offsets.partitions([topic], deadline=deadline))
        count = self._partitions.get(topic, 0)
        if address.partition >= count:
            raise FrameNotFoundError(f"frame {address}: expected one of the {count} partitions of {topic}, from 0 on")

    def _absence(self, log: Log, address: FrameAddress, expected: Expected) -> FramebusError:
        deadline = time.monotonic() + _ANSWER_S
        start = self._offsets.starts([log], deadline=deadline)[log]
        end = self._offsets.ends([log], deadline=deadline)[log]
        if address.offset < start:
            return FrameExpiredError(f"frame {address} has expired: the log now begins with offset {start}")
        if address.offset >= end and expected != ANY:
            return OtherFrameError(f"frame {address}: its topic was made anew, and ends before offset {end} now")
        if address.offset >= end:
            return FrameNotFoundError(f"frame {address}: the log ends before offset {end}")
        return EnvironmentMissingError(f"frame {address}: Kafka at {self._servers} did not send it in {_ANSWER_S} s")


def _stored(message: Message, model: str) -> StoredFrame:
    headers: RawHeaders = ()
    try:
        headers = headers_of(message)
        info = decode_frame_headers(headers)
    except MessageError:
        info = None  # a dead letter, or what only a newer release can read; its address still leads to it
    return StoredFrame(
        address=FrameAddress(model, message.partition(), message.offset()),
        appended_at=appended_at(message),
        value=message.value() or b"",
        info=info,
        key=message.key(),
        headers=headers,
    )
