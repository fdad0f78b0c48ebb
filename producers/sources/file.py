"""A video file, at its own frame rate, once or in a loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import cv2

from producers.sources.body import Body
from producers.sources.capture import Capture
from producers.sources.local import open_inside
from producers.sources.rules import SourceRules
from producers.sources.source import Picture
from schemas.errors import SourceError

T = TypeVar("T")

DEFAULT_FPS: Final = 25.0
"""The rate of a file that states none."""


class FileSource:
    """The pictures of the video file `path`; in a loop, the file is opened again: seeking back fails on some AVIs."""

    live = False

    def __init__(self, path: str, *, rules: SourceRules | None = None, loop: bool = False) -> None:
        self._path = path
        self._rules = rules or SourceRules()
        self._loop = loop
        self._capture = self._open()
        self._fps = self._capture.fps or DEFAULT_FPS

    @property
    def fps(self) -> float:
        return self._fps

    def read(self) -> Picture | None:
        return self._next(Capture.read)

    def skip(self) -> bool:
        return self._next(lambda capture, shown: capture.skip(shown) or None) is not None

    def close(self) -> None:
        self._capture.close()
        self._body.close()

    def _next(self, step: Callable[[Capture, str], T | None]) -> T | None:
        """What `step` gives, in a loop of the file opened again where it gives nothing."""
        came = step(self._capture, self._path)
        if self._body.error is not None:
            raise SourceError(f"source {self._path!r}: {self._body.error}; expected to read the file to its end")
        if came is not None or not self._loop:
            return came
        self.close()
        self._capture = self._open()
        came = step(self._capture, self._path)
        if came is None:
            raise SourceError(f"source {self._path!r}: not one picture in the file; expected a video")
        return came

    def _open(self) -> Capture:
        """Open the file; FFmpeg gets its bytes, so that nothing in it leads FFmpeg to another."""
        trouble = f"source {self._path!r}: OpenCV cannot open the file; expected a video that FFmpeg reads"
        file = open_inside(Path(self._path), self._rules)
        if os.fstat(file.fileno()).st_size == 0:
            file.close()
            raise SourceError(f"source {self._path!r}: the file has 0 bytes; expected a video that FFmpeg reads")
        self._body = Body(file)
        try:
            return Capture(self._body, cv2.CAP_FFMPEG, {cv2.CAP_PROP_N_THREADS: 1}, trouble=trouble)
        except SourceError:
            self._body.close()
            raise
