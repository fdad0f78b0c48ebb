"""What a capture worker says of itself to Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from schemas.messages import CameraState, CaptureCounts, DropReason
from schemas.names import Metric

CAMERA_LIMIT: Final = 500
"""How many cameras get a label of their own in one worker; the rest share `OTHER`."""
OTHER: Final = "other"
_UP: Final = (CameraState.STREAMING, CameraState.STILL)
_IDLE: Final = (CameraState.ENDED, CameraState.STOPPED)
"""States in which nobody expects frames."""


class CaptureMetrics:
    """The metrics of one capture worker, fed from the very records that it writes to `captures`.

    Made once by a service, not on import: a process that holds several rooms, as a test does, gives each a registry.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        labels = ("camera", "model")
        self._captured = Counter(Metric.CAPTURED, "Frames that a camera offered.", labels, registry=registry)
        self._dropped = Counter(Metric.DROPPED, "Offered, but not sent.", (*labels, "reason"), registry=registry)
        self._delivered = Counter(Metric.DELIVERED, "Frames that the broker acknowledged.", labels, registry=registry)
        self._failed = Counter(Metric.FAILED, "Frames sent that the producer gave up.", labels, registry=registry)
        self._up = Gauge(
            Metric.CAMERA_UP,
            "1 while the camera streams, 0 while it ought to; none of one that ended or was stopped.",
            ("camera",),
            registry=registry,
        )
        self._errors = Counter(Metric.ERRORS, "Errors that the worker survived.", ("kind",), registry=registry)
        self._cameras: set[str] = set()

    def begin(self, camera: str, models: Iterable[str]) -> None:
        """Frames of the camera are captured for `models`: its series stand at 0, so that rates see the first step."""
        label = self._label(camera)
        for model in models:
            for counter in (self._captured, self._delivered, self._failed):
                counter.labels(label, model)
            for reason in DropReason:
                self._dropped.labels(label, model, reason.value)

    def counts(self, counts: CaptureCounts) -> None:
        """Add one record's counts."""
        camera, model = self._label(counts.camera), counts.model
        self._captured.labels(camera, model).inc(counts.captured)
        self._delivered.labels(camera, model).inc(counts.delivered_count)
        self._failed.labels(camera, model).inc(counts.failed)
        for reason, frames in counts.dropped.items():
            self._dropped.labels(camera, model, str(reason)).inc(frames)

    def camera_state(self, camera: str, state: CameraState) -> None:
        """How the camera is doing; of those that share a label the last one speaks."""
        if state in _IDLE:
            self.camera_gone(camera)
        else:
            self._up.labels(self._label(camera)).set(state in _UP)

    def camera_gone(self, camera: str) -> None:
        """The camera is not this worker's any more, or has nothing to do: an absent series, not a 0, says so."""
        if self._label(camera) == camera and camera in self._cameras:
            self._up.remove(camera)

    def error(self, kind: str) -> None:
        """The worker survived an error; `kind` is the name of its class."""
        self._errors.labels(kind).inc()

    def _label(self, camera: str) -> str:
        if camera not in self._cameras and len(self._cameras) < CAMERA_LIMIT:
            self._cameras.add(camera)
        return camera if camera in self._cameras else OTHER
