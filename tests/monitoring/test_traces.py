"""Traces from a camera's picture to its result, through real Kafka to a collector; and none where none is asked for."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from deploy.cli.traces import tracing
from producers import traces as producers_traces
from producers.control import put_camera
from producers.counts import FrameCounter
from producers.encode import Moments
from producers.traces import CaptureTraces
from schemas.errors import SettingsError
from schemas.messages import Camera, FrameAddress, Result
from schemas.names import Header, SpanAttribute, SpanName
from schemas.settings import Settings
from tests.integration.api_world import MODEL, frame_info
from tests.integration.capture_world import eventually, read_frames, read_topic
from tests.integration.metrics_kit import services
from tests.monitoring.collector import Received, running_collector

STAGES = {
    SpanName.CAPTURE: {SpanName.WAIT, SpanName.ENCODE, SpanName.PRODUCE, SpanName.INFERENCE},
    SpanName.INFERENCE: {SpanName.DECODE, SpanName.INFER, SpanName.OUTPUTS, SpanName.DELIVER},
}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def is_whole(spans: list[Received]) -> bool:
    return {SpanName.CAPTURE, SpanName.INFERENCE} <= {span.name for span in spans}


def check_trace(spans: list[Received]) -> str:
    """The trace is one tree of capture's and the worker's spans about one frame; the frame's address."""
    named = {span.name: span for span in spans}
    assert len(named) == len(spans) == 2 + sum(map(len, STAGES.values())) - 1
    assert named[SpanName.CAPTURE].parent == ""
    for name, stages in STAGES.items():
        assert {span.name for span in spans if span.parent == named[name].id} == stages
    capture, inference = named[SpanName.CAPTURE], named[SpanName.INFERENCE]
    assert (capture.service, inference.service) == ("framebus-capture", f"framebus-inference-{MODEL}")
    for attribute in (SpanAttribute.ADDRESS, SpanAttribute.CAMERA, SpanAttribute.SEQ, SpanAttribute.RUN):
        assert capture.attributes[attribute] == inference.attributes[attribute]
    assert all(span.begun <= span.ended for span in spans)
    assert capture.begun <= inference.ended
    return str(capture.attributes[SpanAttribute.ADDRESS])


def put_poison(settings: Settings) -> None:
    producer = Producer(settings.librdkafka())
    headers = replace(frame_info("stranger", 0), traceparent=PARENT).encode()
    producer.produce(settings.names.frames(MODEL), b"no JPEG", partition=0, headers=headers)
    assert producer.flush(20) == 0


@pytest.mark.timeout(300)
def test_one_trace_leads_from_a_cameras_picture_to_its_result(
    settings: Settings, installed: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(MODEL)
    put_camera(settings, Camera(id="gate", source="pattern:160x120", models=(MODEL,), fps=10))
    with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        given = settings.model_copy(update={"trace_ratio": 0.5})
        with services(given, tmp_path) as start:
            capture, worker = start("capture"), start("inference", "--model", MODEL)
            eventually(lambda: sum(map(is_whole, collector.traces().values())) >= 20, "traces of twenty frames", 90)
            put_poison(settings)  # now that a worker runs: while it starts a frame grows stale, and is skipped unread
            eventually(lambda: PARENT.split("-")[1] in collector.traces(), "the trace of what is no picture")
            for service in (capture, worker):  # their last spans come with their orderly end
                service.process.send_signal(signal.SIGTERM)
                assert service.process.wait(30) == 0, service.log.read_text()
        traces = collector.traces()

    whole = {check_trace(spans): trace for trace, spans in traces.items() if is_whole(spans)}
    frames = read_frames(settings, MODEL).of("gate")
    traced = {str(address) for address, info in frames.items() if info.traceparent}
    assert 0.2 < len(traced) / len(frames) < 0.8, "about half of them"
    assert whole.keys() <= traced
    results = [
        (Result.from_json(record.value()).frame.address, dict(record.headers()).get(Header.TRACEPARENT))
        for record in read_topic(settings, settings.names.results(MODEL))
    ]
    assert {address for address, parent in results if parent} == whole.keys(), "just those have a result that says so"
    assert all(parent.decode().split("-")[1] == whole[address] for address, parent in results if parent)
    (poison,) = traces[PARENT.split("-")[1]]
    assert poison.failed
    assert poison.parent == PARENT.split("-")[2]
    assert FrameAddress.parse(poison.attributes[SpanAttribute.ADDRESS]).partition == 0


def test_a_collector_that_is_away_costs_no_frame_and_holds_no_end_up(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    put_camera(settings, Camera(id="gate", source="pattern:160x120", models=(MODEL,), fps=10))
    with services(settings.model_copy(update={"trace_ratio": 1.0}), tmp_path) as start:
        capture = start("capture")
        eventually(lambda: len(read_frames(settings, MODEL).addresses) > 30, "frames")
        capture.process.send_signal(signal.SIGTERM)
        assert capture.process.wait(20) == 0, capture.log.read_text()


def test_a_share_of_the_frames_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(0.1)), shutdown_on_exit=False)
    monkeypatch.setattr(producers_traces, "get_tracer", provider.get_tracer)
    traces, now = CaptureTraces(), datetime.now(UTC)
    moments = Moments(now, now, now + timedelta(milliseconds=3))
    counter = FrameCounter("gate", MODEL, 0)
    begun = [traces.begin(frame_info("gate", number), counter, moments) for number in range(3000)]
    assert 150 < sum(one is not None for one in begun) < 450
    assert all(one.info.traceparent for one in begun if one)


def test_without_a_share_nothing_of_opentelemetry_is_loaded() -> None:
    script = (
        "import sys; from deploy.cli.traces import tracing; from schemas.settings import Settings\n"
        "import producers.service, processors.service\n"
        "from processors.streaming.serve import _traces as worker\n"
        "with tracing(Settings(), 'capture'):\n"
        "    assert producers.service._traces(Settings()) is worker(Settings()) is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_where_the_extra_is_missing_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with (
        pytest.raises(SettingsError, match=r"FRAMEBUS_TRACE_RATIO=0.01: .*pip install framebus\[traces\]"),
        tracing(Settings(trace_ratio=0.01), "capture"),
    ):
        pass
