"""Reads one camera's source for one run: opens it, keeps its pace, opens it again when it breaks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from threading import Event

from producers.pacing import RateLimit, Schedule, phase_of
from producers.sources import Picture, Skipping, Source, SourceRules, open_source
from schemas.backoff import Backoff
from schemas.cameras import Kind, kind_of
from schemas.errors import SourceError
from schemas.messages import Camera, CameraState, Pacing
from schemas.redaction import redact

log = logging.getLogger(__name__)

Offer = Callable[[Picture, float, bool], None]
"""Told of each picture that is due, of its moment in its source's seconds, and whether its source is live."""
Report = Callable[[CameraState, str | None], None]

_SETTLED_S = 10.0
"""A source that gave pictures for so long is well: the next break starts the back-off anew."""


class Reader:
    """Hands every picture that is due to `offer`, and each change of state to `report`, until `stop`."""

    def __init__(
        self,
        camera: Camera,
        *,
        offer: Offer,
        report: Report,
        stop: Event,
        backoff: Backoff | None = None,
        rules: SourceRules | None = None,
    ) -> None:
        self._camera = camera
        self._offer = offer
        self._report = report
        self._stop = stop
        self._backoff = backoff or Backoff()
        self._rules = rules or SourceRules()

    def run(self) -> None:
        """Read until the source ends or `stop` is set.

        Raises:
            SourceError: A file, a folder or a pattern cannot be read; URLs and USB devices are tried again for ever.
        """
        again = kind_of(self._camera.source) in (Kind.URL, Kind.USB)
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                with closing(open_source(self._camera, self._rules)) as source:
                    self._stream(source)
                return
            except SourceError as error:
                if not again:
                    raise
                if time.monotonic() - started > _SETTLED_S:
                    self._backoff.reset()
                self._wait(str(error))

    def _wait(self, error: str) -> None:
        pause = self._backoff.next()
        if self._stop.is_set():
            return
        self._report(CameraState.FAILED, error)
        log.warning("camera broken camera=%s retry_s=%.1f error=%s", self._camera.id, pause, error)
        if not self._stop.wait(pause):
            self._report(CameraState.CONNECTING, None)

    def _stream(self, source: Source) -> None:
        """Offer what is due, until the source ends or breaks."""
        camera = self._camera
        recorded_fps = None if source.live else source.fps
        thinned = camera.fps if camera.fps and not (recorded_fps and recorded_fps <= camera.fps) else None
        limit = RateLimit(thinned, phase=phase_of(camera.id)) if thinned else None
        schedule = Schedule(recorded_fps) if recorded_fps and camera.pacing is Pacing.NATIVE else None
        picture: Picture | None = None
        for index in count():
            picture = None  # it is megabytes: none is held while the next one is waited for
            moment = index / recorded_fps if recorded_fps else None
            wanted = limit is None or moment is None or limit.admit(moment)
            # A recorded picture is read when it is due, not before: it is encoded while the caches still have it.
            if wanted and schedule and self._stop.wait(schedule.wait(index, time.monotonic())):
                return
            there, picture = _advance(source, wanted=wanted)
            if self._stop.is_set():
                return
            if not there and index == 0:
                raise SourceError(f"source {redact(camera.source)!r}: not one picture in it; expected at least one")
            if not there:
                return
            if index == 0:
                self._report(CameraState.STREAMING, None)
                log.info("camera streaming camera=%s source=%s fps=%s", camera.id, redact(camera.source), source.fps)
            if moment is None:
                moment = time.monotonic()
                wanted = limit is None or limit.admit(moment)
            if picture is None or not wanted:
                continue
            self._offer(picture, moment, source.live)


def _advance(source: Source, *, wanted: bool) -> tuple[bool, Picture | None]:
    """Go on to the next picture: whether there is one, and it itself, but for one that is not wanted."""
    if not wanted and isinstance(source, Skipping):
        return source.skip(), None
    picture = source.read()
    return picture is not None, picture
