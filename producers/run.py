"""One camera's run: from its claim to its closed counts."""

from __future__ import annotations

import logging
import time
from threading import Event, Lock, Thread
from typing import Final

from producers.clock import RunClock, utc_now
from producers.counts import FrameCounter
from producers.mailbox import Mailbox
from producers.motion import MotionGate
from producers.reader import Reader
from producers.sender import Offer, Sender
from producers.sources import Picture, SourceRules
from producers.status import StatusBoard
from producers.view import View
from producers.worker import Worker
from schemas.backoff import Backoff
from schemas.cameras import Kind, Schedule, followers_of, kind_of
from schemas.errors import EnvironmentMissingError, FramebusError
from schemas.messages import Camera, CameraState, CaptureClaim, DropReason, Lane, Pacing

log = logging.getLogger(__name__)

STATUS_S: Final = 5.0
"""How often a status is written that did not change."""
SETTLE_S: Final = 12.0
"""How long a camera waits for its last delivery reports where nothing presses: longer than any frame may take."""
_FIRST_S: Final = 1.0
"""How soon after its first picture a camera's size and rate are told."""
_JOIN_S: Final = 1.5
"""How long after its stop a reader is waited for: one that hangs in a dead stream is left behind, with its offers
refused."""
_STILL_S: Final = 2.0
"""A camera in whose pictures nothing has moved for so long is still."""
_HOURS_S: Final = 1.0
"""How often a camera that is outside of its hours looks at the clock, which may step."""


class CameraRun:
    """Runs one camera in threads of its own: a reader that never waits for Kafka, and an encoder that sends.

    Live frames: the newest wins. Frames of the batch lane, and those of a file that is read at `max` pace, are never
    dropped for being slow: their reader waits. Live sources cannot wait, whatever their lane. A recorded source that
    keeps its own pace has no encoder beside the reader, since its next picture is not read before it is due: where
    encoding is too slow for it, its schedule moves.
    """

    def __init__(self, camera: Camera, worker: Worker) -> None:
        self.camera = camera
        self.run: int | None = None
        self._worker = worker
        self._stop = Event()
        self._stopped_at = 0.0
        self._pause = Event()
        """Set while the camera is not to be read: it is stopped, or outside of its hours."""
        self._silent = False
        self._view = View.of(camera)
        self._gate = MotionGate(camera, camera.still_fps) if camera.still_fps else None
        self._moved_at = 0.0
        self._schedule: Schedule | None = None
        self._mailbox: Mailbox[Offer] = Mailbox()
        self._sender: Sender | None = None
        self._counters: dict[str, FrameCounter] = {}
        self._followers: dict[str, tuple[str, ...]] = {}
        """Whose frames are captured, each with the second stages that get crops of them."""
        self._clock = RunClock()
        self._board = StatusBoard(camera, worker.owner, self._clock.now())
        self._recording = Lock()
        self._status_due = 0.0
        self._patient = camera.lane is Lane.BATCH or camera.pacing is Pacing.MAX
        self._apart = self._patient or kind_of(camera.source) in (Kind.URL, Kind.USB)
        self._after: Thread | None = None
        self._main = Thread(target=self._guard, name=f"capture-{camera.id}", daemon=True)
        self._encoder = Thread(target=self._send_all, name=f"encode-{camera.id}", daemon=True)

    def start(self, *, after: Thread | None = None) -> None:
        """Claim the camera and run it, in the background, once `after` has ended; of a disabled one only say so."""
        self._after = after
        if self.camera.enabled:
            self._main.start()
        else:
            self._report(CameraState.STOPPED, None, note="disabled")

    def signal_stop(self) -> None:
        """Ask the run to stop; `finish` waits for it."""
        if not self._stop.is_set():
            self._stopped_at = time.monotonic()
        self._stop.set()
        self._pause.set()
        self._mailbox.close()

    def finish(self, deadline: float, *, farewell: CameraState | None) -> None:
        """Stop, wait for frames in flight until `deadline` (monotonic), and write the closed counts.

        `farewell` is the camera's last state; None writes none, for when another worker has the camera already: then
        no later one does either.
        """
        farewell = None if self._silent else farewell
        self._silent = farewell is None
        self.signal_stop()
        if self._main.is_alive():
            self._main.join(max(0.0, min(self._stopped_at + _JOIN_S, deadline) - time.monotonic()))
        if self._main.is_alive():
            log.warning("camera hangs camera=%s: its source does not return; it is left behind", self.camera.id)
        self._close(deadline)
        if farewell is not None and self._board.state is not CameraState.ENDED:
            self._board.change(farewell, self._clock.now())
            self._write_status()
        self._silent = True
        self._worker.metrics.camera_gone(self.camera.id)

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop."""
        return self._stop.is_set()

    @property
    def hangs(self) -> bool:
        """Whether the run's thread has not ended."""
        return self._main.is_alive()

    def tick(self) -> None:
        """Write counts, the status when it is due, and mind the camera's hours: to be called about each second."""
        if self._schedule and not self._schedule.is_open(self._worker.now()):
            self._pause.set()
        if self._worker.records.has_room:
            self._record_counts()
        if time.monotonic() >= self._status_due and not self._silent:
            self._write_status()

    def _guard(self) -> None:
        if self._after:
            self._after.join()
        try:
            self._capture()
        except FramebusError as error:
            log.error("camera failed camera=%s error=%s", self.camera.id, error)  # noqa: TRY400
            self._report(CameraState.FAILED, str(error))
        except Exception as error:
            log.exception("camera crashed camera=%s", self.camera.id)
            self._worker.metrics.error(type(error).__name__)
            self._report(CameraState.FAILED, f"{type(error).__name__} inside capture; the worker's log says more")

    def _capture(self) -> None:
        self._schedule = Schedule.of(self.camera)
        self._followers = followers_of(self.camera, self._worker.catalogue)
        self._write_status()
        if not (self._await_topics() and self._claim()):
            return
        if self._apart:
            self._encoder.start()
        try:
            self._read(self._schedule)
        finally:
            self._mailbox.close()
            while self._encoder.is_alive() and not self._stop.is_set():
                self._encoder.join(0.2)  # a batch may wait for Kafka as long as it must
            if not self._stop.is_set():
                self._close(time.monotonic() + SETTLE_S)
        if not self._stop.is_set():
            log.info("camera ended camera=%s run=%s", self.camera.id, self.run)
            self._report(CameraState.ENDED, None)

    def _read(self, schedule: Schedule) -> None:
        """Read the camera in its hours, until its source ends or the run is stopped."""
        rules = SourceRules.of(self._worker.settings)
        while self._await_hours(schedule):
            Reader(self.camera, offer=self._offer, report=self._report, stop=self._pause, rules=rules).run()
            if not self._pause.is_set():
                return

    def _await_hours(self, schedule: Schedule) -> bool:
        """Wait until the camera is wanted; False when the run was stopped first."""
        while words := schedule.closed_words(self._worker.now()):
            self._report(CameraState.STOPPED, None, note=words)
            if self._stop.wait(_HOURS_S):
                return False
        self._pause.clear()
        if self._board.state is CameraState.STOPPED:
            self._report(CameraState.CONNECTING, None)
        return not self._stop.is_set()  # asked last: a stop sets the pause once more

    def _await_topics(self) -> bool:
        """Wait until the topic of all frames that are captured exists; False when the run was stopped first."""
        names = [self._worker.settings.names.frames(model) for model in self._followers]
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                missing = self._worker.topics.refresh(names)
                trouble = f"topic {', '.join(missing)} does not exist; expected it to be provisioned" if missing else ""
            except EnvironmentMissingError as error:
                trouble = str(error)
            if not trouble:
                return True
            log.warning("camera waits camera=%s for=%s", self.camera.id, trouble)
            self._report(CameraState.FAILED, trouble)
            self._stop.wait(backoff.next())
        return False

    def _claim(self) -> bool:
        camera, worker = self.camera, self._worker
        claim = CaptureClaim(camera=camera.id, site=camera.site, owner=worker.owner, time=utc_now())
        place = worker.records.claim(claim, self._stop)
        if place is None:
            return False
        partition, self.run = place
        worker.fence.watch(camera.id, partition, self.run)
        if worker.fence.overtaken(camera.id, partition, self.run):
            self._silent = True  # the fence has this run stopped, and until then it says nothing
            return False
        self._board.claimed(self.run)
        self._clock = RunClock()
        self._counters = {model: FrameCounter(camera.id, model, self.run) for model in self._followers}
        self._sender = Sender(camera, worker, self._followers, self._counters, self._clock, self._stop)
        worker.metrics.begin(camera.id, self._counters)
        self._report(CameraState.CONNECTING, None)
        return True

    def _offer(self, picture: Picture, moment: float, live: bool) -> None:
        if self._board.offered(*self._view.size(picture.shape[1], picture.shape[0])):
            self._status_due = min(self._status_due, time.monotonic() + _FIRST_S)
        if self._gate and not self._moves(self._gate, picture, moment):
            for counter in self._counters.values():
                counter.leave_out(DropReason.STILL)
            return
        now, waits = self._clock.now(), self._patient and not live

        def make() -> Offer:
            return Offer(picture, now, {model: counter.offer() for model, counter in self._counters.items()}, waits)

        replaced = self._mailbox.put(make, wait=waits)
        if replaced is not None:
            for counter in self._counters.values():
                counter.drop(DropReason.SUPERSEDED)
        if not self._apart:
            self._send_next()

    def _moves(self, gate: MotionGate, picture: Picture, moment: float) -> bool:
        """Whether the picture is to be sent; tells when the camera has become still, and when it moves again."""
        admitted, now = gate.admit(picture, moment), time.monotonic()
        if gate.moved:
            self._moved_at = now
        state = CameraState.STREAMING if now - self._moved_at < _STILL_S else CameraState.STILL
        if self._board.state is not state:
            self._report(state, None)
        return admitted

    def _send_all(self) -> None:
        while self._send_next():
            pass

    def _send_next(self) -> bool:
        """Send what is in the mailbox, or wait for it; False when it is closed and empty."""
        offer = self._mailbox.take()  # a picture is megabytes: it is let go of before the next one is waited for
        if offer is None or self._sender is None:
            return False
        self._sender.send(offer)
        return True

    def _close(self, deadline: float) -> None:
        """Wait for frames in flight until `deadline` (monotonic), then write the last counts, once."""
        self._mailbox.close()
        if self._encoder.is_alive():
            self._encoder.join(max(0.0, deadline - time.monotonic()))
        for counter in self._counters.values():
            if not counter.wait_settled(deadline - time.monotonic()):
                log.warning("frames without an answer camera=%s model=%s", self.camera.id, counter.model)
        self._record_counts(closed=True)

    def _record_counts(self, *, closed: bool = False) -> None:
        with self._recording:  # records of a run must be written in the order in which they were taken
            for counter in self._counters.values():
                counts = counter.snapshot(utc_now(), closed=closed)
                if counts is None:
                    continue
                self._worker.records.counts(counts)
                self._worker.metrics.counts(counts)
                if counts.failed:
                    log.warning(
                        "frames failed camera=%s model=%s frames=%d", counts.camera, counts.model, counts.failed
                    )

    def _report(self, state: CameraState, error: str | None, *, note: str | None = None) -> None:
        if self._stop.is_set() or self._silent:
            return
        self._worker.metrics.camera_state(self.camera.id, state)
        if self._board.change(state, self._clock.now(), error=error, note=note):
            self._write_status()

    def _write_status(self) -> None:
        self._status_due = time.monotonic() + STATUS_S
        self._worker.records.status(self._board.snapshot(self._clock.now()))
