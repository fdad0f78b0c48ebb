"""Traces of a share of the frames, from the picture to the broker's acknowledgement; imported only where wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from producers.counts import Fate
from producers.encode import Moments
from schemas.messages import FrameAddress, FrameInfo
from schemas.names import Header, SpanAttribute, SpanName


class CaptureTraces:
    """Begins the traces; the provider that the process has set decides which frames have one."""

    def __init__(self) -> None:
        self._tracer = get_tracer("framebus.capture")

    def begin(self, info: FrameInfo, counter: Fate, moments: Moments) -> TracedFrame | None:
        """The trace of a frame that is about to be sent; None for one that is not traced."""
        span = self._tracer.start_span(
            SpanName.CAPTURE,
            kind=SpanKind.PRODUCER,
            start_time=_ns(moments.captured),
            attributes={
                SpanAttribute.CAMERA: info.camera,
                SpanAttribute.MODEL: info.model,
                SpanAttribute.RUN: info.run,
                SpanAttribute.SEQ: info.seq,
            },
        )
        if not span.is_recording():
            return None
        within = set_span_in_context(span)
        for name, begun, ended in (
            (SpanName.WAIT, moments.captured, moments.taken),
            (SpanName.ENCODE, moments.taken, moments.encoded),
        ):
            self._tracer.start_span(name, within, start_time=_ns(begun)).end(_ns(ended))
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, within)
        traced = replace(info, traceparent=carrier[Header.TRACEPARENT])
        return TracedFrame(traced, counter, span, self._tracer.start_span(SpanName.PRODUCE, within))


class TracedFrame:
    """A frame on its way: who learns its fate in its counter's place, and ends its spans with it."""

    def __init__(self, info: FrameInfo, counter: Fate, whole: Span, produce: Span) -> None:
        self.info = info
        self._counter = counter
        self._whole = whole
        self._produce = produce

    def deliver(self, partition: int, offset: int) -> None:
        """The broker acknowledged it: from now on it has an address."""
        self._counter.deliver(partition, offset)
        self._whole.set_attribute(SpanAttribute.ADDRESS, str(FrameAddress(self.info.model, partition, offset)))
        self._end()

    def fail(self) -> None:
        """The producer gave it up."""
        self._counter.fail()
        self.drop("failed")

    def drop(self, why: str) -> None:
        """It was not sent; who drops it counts it."""
        for span in (self._produce, self._whole):
            span.set_status(Status(StatusCode.ERROR, why))
        self._end()

    def _end(self) -> None:
        self._produce.end()
        self._whole.end()


def _ns(moment: datetime) -> int:
    """Nanoseconds since the epoch."""
    return int(moment.timestamp() * 1_000_000) * 1_000
