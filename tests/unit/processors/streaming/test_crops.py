"""A worker whose model has a second stage: what it delivers, in which order, and what of that it commits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from processors import traces as processors_traces
from processors.inference import in_flight
from processors.metrics import WorkerMetrics
from processors.streaming import outcomes as outcomes_module
from processors.streaming.crops import CropWriter
from processors.streaming.frame import make_result, read_frame
from processors.streaming.inferring import Inferring
from processors.streaming.outcomes import DELIVERY_ATTEMPTS, Outcomes
from processors.streaming.timing import Timing
from processors.streaming.worker import KEPT, Worker
from processors.traces import WorkerTraces
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.jpeg import check_jpeg
from schemas.messages import (
    CropCounts,
    CropDrop,
    Detection,
    FrameAddress,
    Lane,
    Parent,
    PartitionRanges,
    Result,
    cropped_from_headers,
    decode_capture,
    decode_frame_headers,
    identity_from_headers,
)
from schemas.names import Header, Metric, SpanName
from schemas.spread import RoundRobin
from tests.unit.processors.streaming.fakes import (
    MODEL,
    SETTINGS,
    FakeCore,
    FakeInference,
    FakeLog,
    FakeProducer,
    FakeReceipt,
    FakeRecord,
    info,
    until,
)

PERSON = Detection(label="person", score=0.9, box=(8.0, 4.0, 28.0, 44.0))
CAR = Detection(label="car", score=0.9, box=(8.0, 4.0, 28.0, 44.0))
SPECK = Detection(label="person", score=0.9, box=(8.0, 4.0, 10.0, 44.0))
REFERENCE = FakeCore().reference
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PICTURE = np.full((48, 64, 3), 90, np.uint8)


@dataclass
class Event:
    message: FakeRecord


class Bench:
    """A worker of object-detection, which pose follows, in fake surroundings that acknowledge when told."""

    def __init__(self, traces: WorkerTraces | None = None) -> None:
        catalogue = Catalogue()
        model = catalogue.get(MODEL)
        self.log = FakeLog({0: (0, 1000)})
        self.producer = FakeProducer(manual=True)
        self.core = FakeCore()
        self.registry = CollectorRegistry()
        metrics = WorkerMetrics(MODEL, self.registry)
        outcomes = Outcomes(SETTINGS, MODEL, self.producer.send, metrics)
        self.worker = Worker(
            model,
            inferring=Inferring(self.core, metrics),
            frames=self.log,
            outcomes=outcomes,
            metrics=metrics,
            timing=Timing(revoke=0.05, stop=0.05),
            crops=CropWriter(SETTINGS, model, catalogue.followers(MODEL), outcomes, metrics),
            traces=traces,
        )
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._running = asyncio.create_task(self.worker.run(self._stream()))

    async def _stream(self) -> AsyncIterator[Event]:
        while True:
            yield await self._events.get()

    async def feed(
        self, *followers: str, lane: Lane = Lane.BATCH, traceparent: str | None = None, count: int = 1
    ) -> None:
        await self.worker.assigned({0})
        self.worker.committed(self.log.history[-1])
        headers = replace(info(followers=followers, lane=lane), traceparent=traceparent).encode()
        for offset in range(count):
            self._events.put_nowait(Event(FakeRecord(offset, headers=headers, timestamp=time.time())))
        await until(lambda: self.core.submitted)

    def answer(self, *detections: Detection, kept: bool = True) -> None:
        seen = FakeInference(detections=detections, picture=PICTURE if kept else None)
        self.core.submitted[0][1].set_result(seen)

    async def sent(self, count: int) -> list[str]:
        """The topics of what was handed to the producer, once it is so much."""
        for _ in range(500):  # a crop is cut in a thread
            if len(self.producer.records) >= count:
                break
            await asyncio.sleep(0.01)
        return self.producer.topics()

    def acknowledge(self, number: int, *, partition: int = 0, offset: int = 0) -> None:
        receipt = FakeReceipt(0, timestamp_type=0, partition=partition, offset=offset)
        self.producer.waiting[number].set_result(receipt)

    @property
    def due(self) -> int | None:
        position = self.worker.due().get(0)
        return None if position is None else position.offset

    def count(self, fate: str) -> float | None:
        labels = {"model": MODEL, "follower": "pose", "fate": fate}
        return self.registry.get_sample_value(f"{Metric.CROPS}_total", labels)


@pytest.mark.parametrize(("followers", "most"), [((), 2 * KEPT), (("pose",), KEPT)])
async def test_few_frames_have_their_pictures_kept_at_once(
    followers: tuple[str, ...], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "START", 2 * KEPT)
    bench = Bench()
    await bench.feed(*followers, count=2 * KEPT)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(bench.core.submitted) == most
    bench.answer(kept=bool(followers))
    for number, _ in enumerate(await bench.sent(1 + len(followers))):
        bench.acknowledge(number)
    if followers:
        await until(lambda: len(bench.core.submitted) == KEPT + 1)


@pytest.mark.parametrize("traced", [False, True])
async def test_crops_and_result_go_on_with_the_frames_trace(traced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(processors_traces, "get_tracer", provider.get_tracer)
    bench = Bench(WorkerTraces() if traced else None)
    await bench.feed("pose", traceparent=PARENT)
    bench.answer(PERSON)
    await bench.sent(1)
    bench.acknowledge(0)
    await bench.sent(3)
    for number in (1, 2):
        bench.acknowledge(number)
    await until(lambda: bench.due == 1)
    records = [record for record in bench.producer.records if record.topic != "t.captures"]
    told = {dict(record.headers)[Header.TRACEPARENT] for record in records}
    spans = {span.name: span for span in exporter.get_finished_spans()}
    expected = PARENT
    if traced:
        whole = spans[SpanName.INFERENCE]
        assert whole.parent is not None
        assert f"{whole.parent.trace_id:032x}-{whole.parent.span_id:016x}" == PARENT[3:-3]
        expected = f"00-{whole.context.trace_id:032x}-{whole.context.span_id:016x}-01"
    assert told == {expected.encode()}
    assert bool(spans) == traced


async def test_a_result_waits_for_the_crops_and_the_commit_for_both() -> None:
    bench = Bench()
    await bench.feed("pose", lane=Lane.REDRIVE)
    assert bench.core.kept == [True]
    bench.answer(CAR, PERSON, SPECK, PERSON)
    assert await bench.sent(2) == ["frames.pose"] * 2
    bench.acknowledge(0, partition=3, offset=17)
    await asyncio.sleep(0.05)
    assert len(bench.producer.records) == 2, "a crop is not acknowledged yet: no result"
    bench.acknowledge(1, partition=0, offset=5)
    assert sorted((await bench.sent(4))[2:]) == ["captures", "results.object-detection"]
    places = {topic: place for place, topic in enumerate(bench.producer.topics())}
    bench.acknowledge(places["results.object-detection"])
    await asyncio.sleep(0.05)
    assert bench.due is None, "nobody knows of the crops yet: no commit"
    bench.acknowledge(places["captures"])
    await until(lambda: bench.due == 1)

    counts = decode_capture(bench.producer.records[places["captures"]].value)
    assert isinstance(counts, CropCounts)
    assert (counts.camera, counts.model, counts.parent) == ("gate", "pose", f"{MODEL}/0/0")
    assert (counts.offered, counts.dropped, counts.imbalance) == (3, {CropDrop.TOO_SMALL: 1}, 0)
    assert counts.delivered == (PartitionRanges.of(0, [5]), PartitionRanges.of(3, [17]))
    assert (bench.count("delivered"), bench.count("too-small")) == (2, 1)


async def test_a_crop_is_an_ordinary_frame_that_names_its_parent() -> None:
    bench = Bench()
    await bench.feed("pose", lane=Lane.LIVE)
    bench.answer(CAR, PERSON)
    await bench.sent(1)
    (record,) = bench.producer.records
    crop, parent = decode_frame_headers(record.headers), info(lane=Lane.LIVE)
    assert record.key == b"gate"
    assert check_jpeg(record.value, limit_bytes=10**6, limit_pixels=10**6) == (crop.width, crop.height)
    assert max(crop.width, crop.height) == 192
    assert (crop.id, crop.camera, crop.site, crop.lane) == ("pose/1/70001", "gate", "default", Lane.LIVE)
    assert crop.captured_at == parent.captured_at
    assert crop.followers == ()
    assert crop.parent is not None
    assert (crop.parent.address, crop.parent.index, crop.parent.box) == (f"{MODEL}/0/0", 1, PERSON.box)
    assert isinstance(record.turn, RoundRobin)


@pytest.mark.parametrize(
    ("followers", "detections", "kept"),
    [((), (PERSON,), False), (("pose",), (CAR,), True), (("pose",), (), True), (("face-embedding",), (PERSON,), False)],
    ids=["the camera has no second stage", "nothing that it follows", "nothing at all", "a stage of another model"],
)
async def test_who_gets_no_crops_is_not_mentioned(
    followers: tuple[str, ...], detections: tuple[Detection, ...], kept: bool
) -> None:
    bench = Bench()
    await bench.feed(*followers)
    assert bench.core.kept == [kept]
    bench.answer(*detections, kept=kept)
    assert await bench.sent(1) == [f"results.{MODEL}"]
    bench.acknowledge(0)
    await until(lambda: bench.due == 1)


async def test_a_second_stage_that_nobody_knows_is_counted_once() -> None:
    bench = Bench()
    await bench.feed("gait", "pose")
    bench.answer(PERSON)
    assert await bench.sent(1) == ["frames.pose"]
    errors = {"model": MODEL, "kind": "unknown-follower"}
    assert bench.registry.get_sample_value(f"{Metric.ERRORS}_total", errors) == 1


async def test_only_detections_that_are_followed_but_too_small_are_recorded_without_a_crop() -> None:
    bench = Bench()
    await bench.feed("pose")
    bench.answer(SPECK)
    assert sorted(await bench.sent(2)) == ["captures", f"results.{MODEL}"]


async def test_a_broker_that_takes_no_crop_ends_the_worker_without_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes_module, "BACKOFF_S", (0.0,))
    bench = Bench()
    await bench.feed("pose")
    bench.producer._failures = DELIVERY_ATTEMPTS
    bench.answer(PERSON)
    error = await asyncio.wait_for(bench.worker.failed, 10)
    assert isinstance(error, EnvironmentMissingError)
    assert "t.frames.pose: no acknowledgement" in str(error)
    assert bench.producer.records == []
    assert bench.due is None


def test_the_result_of_a_crop_names_its_parent_and_leads_back_into_it() -> None:
    parent = Parent(address=f"{MODEL}/0/0", index=1, box=PERSON.box, map=(0.25, 0, 8, 0, 0.25, 4))
    headers = replace(info(model="pose", width=96), height=192, seq=70_001, parent=parent).encode()
    frame = read_frame(FakeRecord(7, headers=headers), "pose", now=0.0)
    found = Detection(label="person", score=0.5, box=(8.0, 16.0, 40.0, 80.0), keypoints=((8.0, 16.0, 0.5),))
    result = make_result(frame, FakeInference(width=96, height=192, detections=(found,)), REFERENCE)
    assert result.frame.parent == parent
    assert [one.parent for one in result.detections] == [f"{MODEL}/0/0"]
    assert [one.box for one in result.detections] == [found.box], "in pixels of the crop, as its width and height are"
    assert cropped_from_headers(result.headers()) == FrameAddress(MODEL, 0, 0)
    assert dict(result.headers())[Header.ID] == b"pose/0/7"
    again = Result.from_json(result.to_json())
    assert again == result
    (moved,) = again.in_parent
    assert (moved.box, moved.keypoints) == ((10.0, 8.0, 18.0, 24.0), ((10.0, 8.0, 0.5),))


def test_results_of_one_detection_have_one_identity_wherever_its_crops_lie() -> None:
    parent = Parent(address=f"{MODEL}/3/1234", index=1, box=PERSON.box, map=(1, 0, 0, 0, 1, 0))
    frames = [replace(info(model="pose"), seq=70_001, parent=parent), replace(info(model="pose"), parent=None)]
    places = [
        identity_from_headers(
            make_result(
                read_frame(FakeRecord(offset, headers=frame.encode()), "pose", now=0.0), FakeInference(), REFERENCE
            ).headers()
        )
        for frame in frames
        for offset in (7, 8)
    ]
    assert places[0] == places[1] == FrameAddress(f"pose of {MODEL}", 3, 12_340_001)
    assert places[2:] == [FrameAddress("pose", 0, 7), FrameAddress("pose", 0, 8)]


@pytest.mark.parametrize("index", [b"x", b"", b"-1", b"9" * 99, b"10000"])
def test_an_index_that_is_none_leaves_the_address(index: bytes) -> None:
    headers = [(Header.ADDRESS, b"pose/0/7"), (Header.PARENT, b"m/3/4"), (Header.PARENT_INDEX, index)]
    assert identity_from_headers(headers) == FrameAddress("pose", 0, 7)
