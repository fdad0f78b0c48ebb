"""The capture service: one worker of its site's capture group."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from types import FrameType
from typing import TYPE_CHECKING, Final

import cv2

from producers.fence import Fence
from producers.manager import Manager
from producers.metrics import CaptureMetrics
from producers.ownership import Ownership
from producers.records import RecordSink
from producers.sink import FrameSink
from producers.sources import lock_ffmpeg
from producers.topics import Topics
from producers.worker import Worker
from schemas.backoff import Backoff
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

if TYPE_CHECKING:
    from producers.traces import CaptureTraces

log = logging.getLogger(__name__)

_FLUSH_S: Final = 2.0
_HANG_S: Final = 12.0
"""How long the process stays for a camera that hangs: above the sources' read timeout, on a busy machine too."""


class _StopSignal:
    """Whether SIGTERM or SIGINT came. A plain flag: a handler that sets an `Event` which the main thread is just
    entering would wait for itself."""

    def __init__(self) -> None:
        self.came = False
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, self._handle)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a signal came."""
        deadline = time.monotonic() + seconds
        while not self.came and time.monotonic() < deadline:
            time.sleep(0.05)

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        self.came = True


def run(settings: Settings, catalogue: Catalogue) -> int:
    """Run this worker's cameras until SIGTERM or SIGINT; then stop them, write final counts and leave the group.

    `catalogue` says what models want of frames. Returns the exit code: 0, or 1 when the connection to Kafka broke in a
    way that only a new process mends. To be called from the main thread, once for each process.
    """
    _prepare_opencv()
    stop = _StopSignal()
    topics = Topics(settings)
    if not _await_broker(settings, topics, stop):
        return 0
    worker = Worker(
        settings=settings,
        catalogue=catalogue,
        owner=f"{socket.gethostname()}-{os.getpid()}",
        frames=FrameSink(settings),
        records=RecordSink(settings),
        topics=topics,
        fence=Fence(settings),
        metrics=CaptureMetrics(),
        traces=_traces(settings),
    )
    log.info("capture starts site=%s owner=%s servers=%s", settings.site, worker.owner, settings.bootstrap_servers)
    return _serve(worker, stop)


def _serve(worker: Worker, stop: _StopSignal) -> int:
    manager = Manager(worker)
    worker.fence.start(manager.fence)
    ownership = Ownership(worker.settings, worker.metrics, manager.apply, manager.settled)
    while not (stop.came or worker.frames.broken or worker.records.broken):
        ownership.poll(0.2)
    broken = not stop.came
    manager.close()
    worker.fence.close()
    left = worker.frames.close(0) + worker.records.close(_FLUSH_S)
    ownership.close()
    _await_hanging(manager)
    log.info("capture stopped owner=%s unanswered=%d", worker.owner, left)
    return 1 if broken else 0


def _await_broker(settings: Settings, topics: Topics, stop: _StopSignal) -> bool:
    """Wait until Kafka answers and has the topics that capture needs; False when `stop` came first."""
    names = settings.names
    backoff = Backoff(last_s=10.0)
    while not stop.came:
        try:
            missing = topics.refresh((names.cameras, names.camera_status, names.captures))
        except EnvironmentMissingError as error:
            log.warning("capture waits for kafka error=%s", error)
        else:
            if not missing:
                return True
            log.warning("capture waits for topics=%s: expected them to be provisioned", ",".join(missing))
        stop.wait(backoff.next())
    return False


def _await_hanging(manager: Manager) -> None:
    """Let threads inside OpenCV come back: a process that ends under them may crash, and end with another code."""
    deadline = time.monotonic() + _HANG_S
    while manager.hanging() and time.monotonic() < deadline:
        time.sleep(0.05)


def _traces(settings: Settings) -> CaptureTraces | None:
    if not settings.trace_ratio:
        return None
    from producers.traces import CaptureTraces  # noqa: PLC0415  # OpenTelemetry: an extra that may not be there

    return CaptureTraces()


def _prepare_opencv() -> None:
    """Bind FFmpeg before there are threads. One thread is enough for a picture: the cameras are the parallelism."""
    lock_ffmpeg()
    cv2.setNumThreads(1)
