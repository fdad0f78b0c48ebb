"""Keeps the running cameras what they should be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from math import inf
from threading import Event, RLock, Thread
from typing import Final

from producers.desired import Farewell
from producers.run import SETTLE_S, CameraRun
from producers.worker import Worker
from schemas.errors import EnvironmentMissingError
from schemas.messages import Camera, CameraState

log = logging.getLogger(__name__)

FLUSH_S: Final = 5.0
"""How long cameras that stop may wait for frames in flight; `SETTLE_S` where nobody waits: they were lost or edited."""
_TICK_S: Final = 1.0
_TOPICS_S: Final = 60.0
RETAKE_S: Final = 20.0
"""How long a camera that was fenced, and is still ours, stays stopped: twice what a group takes to miss a member."""


class Manager:
    """Starts, restarts and stops cameras, and has each write its counts about each second."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._lock = RLock()
        self._runs: dict[str, CameraRun] = {}
        self._fenced: dict[str, float] = {}
        self._settled = True
        self._left: list[CameraRun] = []
        self._ending: dict[str, Thread] = {}
        """Runs that are being finished, by camera: the next run of each waits for it, and no other does."""
        self._stop = Event()
        self._ticker = Thread(target=self._tick_for_ever, name="capture-ticker", daemon=True)
        self._ticker.start()

    def apply(self, cameras: Mapping[str, Camera], farewell: Callable[[str], Farewell]) -> None:
        """Make the running cameras those of `cameras`; one that did not change goes on untouched."""
        with self._lock:
            if self._stop.is_set():
                return
            gone = [name for name in self._runs if name not in cameras]
            changed = [name for name, camera in cameras.items() if self._is_other(camera)]
            self._finish({name: farewell(name) for name in gone} | dict.fromkeys(changed, Farewell.SILENT))
            for name in changed:
                run = self._runs[name] = CameraRun(cameras[name], self._worker)
                log.info("camera start camera=%s enabled=%s", name, cameras[name].enabled)
                run.start(after=self._ending.pop(name, None))

    def fence(self, camera: str, claim: int) -> None:
        """Another worker claimed `camera` at the offset `claim`: stop a run that is older."""
        with self._lock:
            run = self._runs.get(camera)
            if run is not None and run.run is not None and run.run < claim and not run.stopping:
                log.warning("camera fenced camera=%s run=%d claim=%d", camera, run.run, claim)
                run.finish(time.monotonic() + FLUSH_S, farewell=None)
                self._fenced[camera] = time.monotonic()

    def settled(self, settled: bool) -> None:
        """Whether the group's word holds on which cameras are ours: until it does no fenced camera is claimed again.

        Once it does again, those that are fenced and still ours are claimed at once: the claims were made meanwhile.
        """
        with self._lock:
            self._settled = settled
            if settled:
                self._fenced = dict.fromkeys(self._fenced, -inf)

    def close(self) -> None:
        """Stop every camera, with final counts."""
        with self._lock:
            self._stop.set()
            self._finish(dict.fromkeys(self._runs, Farewell.STOPPED))
            for ending in self._ending.values():
                ending.join(FLUSH_S)
        self._ticker.join()

    def hanging(self) -> list[str]:
        """Cameras that were stopped, and whose source has not returned yet."""
        self._left = [run for run in self._left if run.hangs]
        return [run.camera.id for run in self._left]

    def _is_other(self, camera: Camera) -> bool:
        run = self._runs.get(camera.id)
        return run is None or run.camera != camera

    def _finish(self, farewells: Mapping[str, Farewell]) -> None:
        runs = {name: self._runs.pop(name) for name in farewells if name in self._runs}
        for name in runs:
            self._fenced.pop(name, None)
        self._ending = {name: thread for name, thread in self._ending.items() if thread.is_alive()}
        for name, run in runs.items():
            run.signal_stop()
            ending = Thread(target=self._end, args=(run, farewells[name]), name=f"end-{name}", daemon=True)
            self._ending[name] = ending
            ending.start()
        for name in runs:
            if farewells[name] is Farewell.STOPPED:  # before another worker says how the camera is doing
                self._ending[name].join()

    def _end(self, run: CameraRun, farewell: Farewell) -> None:
        deadline = time.monotonic() + (SETTLE_S if farewell is Farewell.SILENT else FLUSH_S)
        try:
            run.finish(deadline, farewell=CameraState.STOPPED if farewell is Farewell.STOPPED else None)
            if farewell is Farewell.FORGOTTEN:
                self._worker.records.forget(run.camera.id)
        except Exception as error:
            log.exception("camera not finished camera=%s run=%s", run.camera.id, run.run)
            self._worker.metrics.error(type(error).__name__)
        if run.hangs:
            self._left.append(run)
        log.info("camera stop camera=%s run=%s", run.camera.id, run.run)

    def _tick_for_ever(self) -> None:
        topics_due = time.monotonic() + _TOPICS_S
        while not self._stop.wait(_TICK_S):
            self._tick(list(self._runs.values()))
            self._retake()
            if time.monotonic() >= topics_due:
                self._refresh(self._worker.topics.known())
                topics_due = time.monotonic() + _TOPICS_S

    def _retake(self) -> None:
        """Claim again what the group still says is ours: the claim that fenced it came late, from one who gave up."""
        with self._lock:
            due = [name for name, since in self._fenced.items() if time.monotonic() - since > RETAKE_S]
            for name in due if self._settled and not self._stop.is_set() else ():
                del self._fenced[name]
                run = self._runs[name] = CameraRun(self._runs[name].camera, self._worker)
                log.info("camera start camera=%s again=yes", name)
                run.start()

    def _tick(self, runs: Iterable[CameraRun]) -> None:
        for run in runs:
            try:
                run.tick()
            except Exception as error:
                log.exception("counts not written camera=%s run=%s", run.camera.id, run.run)
                self._worker.metrics.error(type(error).__name__)

    def _refresh(self, topics: Iterable[str]) -> None:
        try:
            missing = self._worker.topics.refresh(topics)
        except EnvironmentMissingError as error:
            log.warning("partition counts not refreshed error=%s", error)
        else:
            if missing:
                log.warning("topics are gone topics=%s", ",".join(missing))
