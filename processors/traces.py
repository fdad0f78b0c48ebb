"""Traces of frames that capture began one for, through inference to their results; imported only where wanted."""

from __future__ import annotations

import time
from dataclasses import replace

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from processors.streaming.frame import Frame
from schemas.errors import FrameError
from schemas.messages import StageTimings
from schemas.names import Header, SpanAttribute, SpanName


class WorkerTraces:
    """Goes on with the traces that frames bring; it begins none of its own."""

    def __init__(self) -> None:
        self._tracer = get_tracer("framebus.inference")

    def begin(self, frame: Frame) -> TracedFrame | None:
        """The trace of a frame that is about to be inferred; None for one that brings none."""
        if frame.info.traceparent is None:
            return None
        propagator = TraceContextTextMapPropagator()
        span = self._tracer.start_span(
            SpanName.INFERENCE,
            propagator.extract({Header.TRACEPARENT: frame.info.traceparent}),
            kind=SpanKind.CONSUMER,
            attributes={
                SpanAttribute.ADDRESS: str(frame.address),
                SpanAttribute.CAMERA: frame.info.camera,
                SpanAttribute.MODEL: frame.info.model,
                SpanAttribute.RUN: frame.info.run,
                SpanAttribute.SEQ: frame.info.seq,
                SpanAttribute.AGE: frame.age,
            },
        )
        if not span.is_recording():
            return None
        carrier: dict[str, str] = {}
        propagator.inject(carrier, set_span_in_context(span))
        own = replace(frame.info, traceparent=carrier[Header.TRACEPARENT])
        return TracedFrame(frame._replace(info=own), span, self)

    def stage(self, name: str, whole: Span, begun_ns: int, ended_ns: int) -> None:
        """A stage within an inference."""
        self._tracer.start_span(name, set_span_in_context(whole), start_time=begun_ns).end(ended_ns)


class TracedFrame:
    """One inference; its `frame` passes this trace on to result and crops."""

    def __init__(self, frame: Frame, whole: Span, traces: WorkerTraces) -> None:
        self.frame = frame
        self._whole = whole
        self._traces = traces

    def end(self, stages: StageTimings, deliver_s: float) -> None:
        """The result is acknowledged. Stages are laid end to end, up to now: only how long they took was measured."""
        now = end = time.time_ns()
        for name, seconds in (
            (SpanName.DELIVER, deliver_s),
            (SpanName.OUTPUTS, stages.outputs),
            (SpanName.INFER, stages.infer),
            (SpanName.DECODE, stages.decode),
        ):
            begun = end - int(seconds * 1e9)
            self._traces.stage(name, self._whole, begun, end)
            end = begun
        self._whole.end(now)

    def fail(self, error: FrameError) -> None:
        """The frame is at fault, and becomes a dead letter."""
        self._whole.set_status(Status(StatusCode.ERROR, type(error).__name__))
        self._whole.end()
