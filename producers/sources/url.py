"""An RTSP or HTTP camera, or a video file behind HTTP."""

from __future__ import annotations

from typing import Final

import cv2

from producers.sources.capture import Capture
from producers.sources.source import Picture
from schemas.errors import SourceError
from schemas.redaction import redact

TIMEOUT_S: Final = 5.0
"""How long opening, and each picture, may take."""


class UrlSource:
    """The stream behind `url`: live, and broken when it ends; a finite file behind HTTP counts as recorded.

    OpenCV asks RTSP servers for TCP first, so that a lost packet tears no picture.
    """

    def __init__(self, url: str, *, loop: bool = False, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._shown = redact(url)
        self._timeout_s = timeout_s
        self._loop = loop
        self._capture = self._open()
        self.live = not (self._capture.finite and url.lower().startswith("http"))

    @property
    def fps(self) -> float | None:
        return self._capture.fps

    def read(self) -> Picture | None:
        picture = self._capture.read(self._shown)
        if picture is None and self._loop and not self.live:
            self._capture.close()
            self._capture = self._open()
            picture = self._capture.read(self._shown)
        if picture is None and (self.live or self._loop):
            raise SourceError(f"source {self._shown!r}: the stream ended or stood still for {self._timeout_s:g} s")
        return picture

    def close(self) -> None:
        self._capture.close()

    def _open(self) -> Capture:
        milliseconds = round(self._timeout_s * 1000)
        options = {
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: milliseconds,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC: milliseconds,
            cv2.CAP_PROP_N_THREADS: 1,
        }
        expected = "expected a video stream that FFmpeg reads"
        trouble = f"source {self._shown!r}: no stream within {self._timeout_s:g} s; {expected}"
        return Capture(self._url, cv2.CAP_FFMPEG, options, trouble=trouble)
