"""What an inference worker says of itself to Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from schemas.ledger.outcome import Outcome
from schemas.messages import CropDrop, ModelReference, StageTimings
from schemas.names import Metric

AGE_BUCKETS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
STAGE_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_OUTCOMES: Final[tuple[Outcome, ...]] = (Outcome.INFERRED, Outcome.DEAD, Outcome.STALE, Outcome.EXPIRED)
"""Those that a worker records; the ledger knows more."""
_DELIVERED: Final = "delivered"


class WorkerMetrics:
    """The metrics of one worker of `model`; every series stands at 0 from the start, so that rates see the first step.

    Made once by a service, not on import: a process that holds several rooms, as a test does, gives each a registry.
    """

    def __init__(
        self,
        model: str,
        registry: CollectorRegistry = REGISTRY,
        *,
        fps: float | None = None,
        followers: Iterable[str] = (),
    ) -> None:
        """`fps` is the frames a second that the catalogue says one replica infers; `followers` get crops."""
        self._model = model
        processed = Counter(Metric.PROCESSED, "Frames by recorded outcome.", ("model", "outcome"), registry=registry)
        age = Histogram(
            Metric.FRAME_AGE,
            "Seconds from the broker's append to the worker's start.",
            ("model",),
            buckets=AGE_BUCKETS,
            registry=registry,
        )
        negative = Counter(
            Metric.NEGATIVE_AGES,
            "Frames that were appended after the worker's start, by the clocks: such an age is none.",
            ("model",),
            registry=registry,
        )
        self._stages = Histogram(
            Metric.STAGE_DURATION,
            "Seconds that a frame spent in a stage.",
            ("model", "stage"),
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._info = Gauge(
            Metric.MODEL_INFO,
            "The network that this worker runs: always 1.",
            ("model", "version", "precision", "device"),
            registry=registry,
        )
        window = Gauge(Metric.WINDOW, "Frames taken and not yet acknowledged.", ("model",), registry=registry)
        full = Counter(
            Metric.WINDOW_FULL,
            "Seconds in which a frame was here and had to wait for a place in the window.",
            ("model",),
            registry=registry,
        )
        clock = Gauge(
            Metric.CLOCK_AHEAD,
            "Seconds by which this machine's clock is proven to be ahead of the broker's; 0 while they may agree.",
            ("model",),
            registry=registry,
        )
        followed = "Detections that a second stage follows: delivered as crops, or why not."
        self._crops = Counter(Metric.CROPS, followed, ("model", "follower", "fate"), registry=registry)
        self._errors = Counter(Metric.ERRORS, "Errors that the worker survived.", ("model", "kind"), registry=registry)
        if fps is not None:
            declared = "Frames a second that one replica infers, as the catalogue has it."
            Gauge(Metric.REPLICA_RATE, declared, ("model",), registry=registry).labels(model).set(fps)
        for follower in followers:
            for fate in (_DELIVERED, *(reason.value for reason in CropDrop)):
                self._crops.labels(model, follower, fate)
        # Series are looked up once: `labels` costs more than what it counts.
        self._outcomes = {outcome: processed.labels(model, outcome.name.lower()) for outcome in _OUTCOMES}
        self._age = age.labels(model)
        self._negative = negative.labels(model)
        self._window = window.labels(model)
        self._full = full.labels(model)
        self._clock = clock.labels(model)
        self._inference = {name: self._stages.labels(model, name) for name in ("decode", "infer", "outputs")}

    def processed(self, outcome: Outcome, frames: int = 1) -> None:
        """`frames` ended in `outcome`, and the record that says so is acknowledged."""
        self._outcomes[outcome].inc(frames)

    def age(self, seconds: float) -> None:
        """A frame was this old when the worker started on it; an age below 0 is counted apart, and not called 0."""
        if seconds < 0:
            self._negative.inc()
        else:
            self._age.observe(seconds)

    def stages(self, timings: StageTimings) -> None:
        """How long one frame spent in each stage of inference; the wait before it is its age."""
        self._inference["decode"].observe(timings.decode)
        self._inference["infer"].observe(timings.infer)
        self._inference["outputs"].observe(timings.outputs)

    def stage(self, name: str, seconds: float) -> None:
        """A frame spent `seconds` in a stage that is not part of its result, as its delivery."""
        self._stages.labels(self._model, name).observe(seconds)

    def network(self, reference: ModelReference) -> None:
        """The worker runs this network from now on."""
        self._info.labels(self._model, reference.version, reference.precision, reference.device).set(1)

    def crops(self, follower: str, delivered: int, dropped: Mapping[CropDrop, int]) -> None:
        """Of one frame so many crops were acknowledged, and so many were not made."""
        self._crops.labels(self._model, follower, _DELIVERED).inc(delivered)
        for reason, frames in dropped.items():
            self._crops.labels(self._model, follower, reason.value).inc(frames)

    def window(self, frames: int) -> None:
        """So many frames are taken and not yet acknowledged."""
        self._window.set(frames)

    def window_full(self, seconds: float) -> None:
        """A frame has waited so long for a place in the window."""
        self._full.inc(seconds)

    def clock_ahead(self, seconds: float) -> None:
        """This machine's clock is so far ahead of the broker's."""
        self._clock.set(seconds)

    def error(self, kind: str) -> None:
        """The worker survived an error; `kind` is the name of its class."""
        self._errors.labels(self._model, kind).inc()
