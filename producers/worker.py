"""What the cameras of one capture worker share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from producers.clock import utc_now
from producers.fence import Fence
from producers.metrics import CaptureMetrics
from producers.records import RecordSink
from producers.sink import FrameSink
from producers.topics import Topics
from schemas.catalogue import Catalogue
from schemas.settings import Settings

if TYPE_CHECKING:
    from producers.traces import CaptureTraces  # OpenTelemetry, which only those load who want traces


@dataclass(frozen=True, slots=True)
class Worker:
    """What the cameras of one capture worker share."""

    settings: Settings
    catalogue: Catalogue
    owner: str
    frames: FrameSink
    records: RecordSink
    topics: Topics
    fence: Fence
    metrics: CaptureMetrics
    now: Callable[[], datetime] = utc_now
    """The wall clock of cameras' hours."""
    traces: CaptureTraces | None = None
