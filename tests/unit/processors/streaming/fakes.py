"""Whole fakes for the worker's surroundings: a frames log in memory, a producer that acknowledges, a core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from processors.inference.picture import Pixels
from processors.metrics import WorkerMetrics
from processors.streaming.caution import Position
from processors.streaming.outcomes import LOG_APPEND_TIME, Outcomes, Receipt, Record
from schemas.messages import Detection, FrameInfo, Headers, Lane, ModelReference
from schemas.settings import Settings

MODEL = "object-detection"
SETTINGS = Settings(prefix="t.")


@dataclass
class FakeLog:
    """A frames log and its group's commits."""

    limits: dict[int, tuple[int, int]] = field(default_factory=dict)
    commits: dict[int, Position] = field(default_factory=dict)
    history: list[dict[int, Position]] = field(default_factory=list)
    rewinds: list[tuple[int, int]] = field(default_factory=list)
    refuses: bool = False
    halted: bool = False

    async def positions(self, partitions: Iterable[int]) -> dict[int, Position]:
        return {number: self.commits[number] for number in partitions if number in self.commits}

    async def bounds(self, partitions: Iterable[int]) -> dict[int, tuple[int, int]]:
        await asyncio.sleep(0)
        return {number: self.limits[number] for number in partitions}

    async def rewind(self, partition: int, offset: int) -> None:
        self.rewinds.append((partition, offset))

    async def commit_now(self, positions: Mapping[int, Position]) -> bool:
        if self.refuses:
            return False
        self.commits.update(positions)
        self.history.append(dict(positions))
        return True

    def halt(self) -> None:
        self.halted = True


@dataclass
class FakeReceipt:
    timestamp: int
    timestamp_type: int = LOG_APPEND_TIME
    partition: int = 0
    offset: int = 0


class FakeProducer:
    """Acknowledges at once, after `failures` refusals; or when told, if `manual`.

    The broker's clock is `behind` ours by so many seconds; None: it does not say.
    """

    def __init__(self, *, failures: int = 0, manual: bool = False, behind: float | None = None) -> None:
        self.records: list[Record] = []
        self.waiting: list[asyncio.Future[Receipt | None]] = []
        self.behind = behind
        self._failures = failures
        self._manual = manual

    async def send(self, record: Record) -> Awaitable[Receipt | None]:
        if self._failures:
            self._failures -= 1
            raise KafkaConnectionError("away")
        self.records.append(record)
        future: asyncio.Future[Receipt | None] = asyncio.get_running_loop().create_future()
        if self._manual:
            self.waiting.append(future)
        else:
            behind = self.behind
            future.set_result(None if behind is None else FakeReceipt(int((time.time() - behind) * 1000)))
        return future

    def topics(self) -> list[str]:
        return [record.topic.removeprefix("t.") for record in self.records]


@dataclass(frozen=True)
class FakeInference:
    width: int = 64
    height: int = 48
    detections: tuple[Detection, ...] = ()
    decode_s: float = 0.001
    infer_s: float = 0.002
    outputs_s: float = 0.003
    picture: Pixels | None = None


class FakeCore:
    """Answers when told: the values that were submitted, and the future of each."""

    at_once = 2

    def __init__(self) -> None:
        self.reference = ModelReference(name=MODEL, version="1", precision="f32", device="CPU")
        self.submitted: list[tuple[bytes, Future[FakeInference]]] = []
        self.kept: list[bool] = []

    def submit(self, jpeg: bytes, *, keep: bool = False) -> Future[FakeInference]:
        self.kept.append(keep)
        future: Future[FakeInference] = Future()
        self.submitted.append((jpeg, future))
        return future

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class FakeRecord:
    """A record as Faust hands it on."""

    offset: int
    value: bytes | None = b"jpeg"
    headers: Headers = field(default_factory=lambda: info().encode())
    partition: int = 0
    timestamp: float = 0.0
    key: bytes | None = b"gate"


def info(*, model: str = MODEL, lane: Lane = Lane.BATCH, width: int = 64, followers: tuple[str, ...] = ()) -> FrameInfo:
    time = datetime(2026, 1, 2, tzinfo=UTC)
    return FrameInfo(model, "gate", "default", 1, 7, time, width, 48, lane, followers=followers)


def metrics() -> WorkerMetrics:
    return WorkerMetrics(MODEL, CollectorRegistry())


def outcomes(producer: FakeProducer) -> Outcomes:
    return Outcomes(SETTINGS, MODEL, producer.send, metrics())


async def until(condition: object, *, turns: int = 2000) -> None:
    """Let the loop turn until `condition()` holds."""
    for _ in range(turns):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never came true")
