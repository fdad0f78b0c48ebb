"""What a capture worker says of itself to Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from schemas.messages import CaptureCounts
from schemas.names import Metric

CAMERA_LIMIT: Final = 500
"""How many cameras get a label of their own in one worker; the rest share `OTHER`."""
OTHER: Final = "other"


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
        self._up = Gauge(Metric.CAMERA_UP, "1 while the camera streams, else 0.", ("camera",), registry=registry)
        self._errors = Counter(Metric.ERRORS, "Errors that the worker survived.", ("kind",), registry=registry)
        self._cameras: set[str] = set()

    def counts(self, counts: CaptureCounts) -> None:
        """Add one record's counts."""
        camera, model = self._label(counts.camera), counts.model
        self._captured.labels(camera, model).inc(counts.captured)
        self._delivered.labels(camera, model).inc(counts.delivered_count)
        self._failed.labels(camera, model).inc(counts.failed)
        for reason, frames in counts.dropped.items():
            self._dropped.labels(camera, model, str(reason)).inc(frames)

    def camera_up(self, camera: str, up: bool) -> None:
        """Whether the camera streams."""
        self._up.labels(self._label(camera)).set(up)

    def camera_gone(self, camera: str) -> None:
        """The camera is not this worker's any more: an absent series, not a 0, says so."""
        if self._label(camera) == camera and camera in self._cameras:
            self._up.remove(camera)

    def error(self, kind: str) -> None:
        """The worker survived an error; `kind` is the name of its class."""
        self._errors.labels(kind).inc()

    def _label(self, camera: str) -> str:
        if camera not in self._cameras and len(self._cameras) < CAMERA_LIMIT:
            self._cameras.add(camera)
        return camera if camera in self._cameras else OTHER
