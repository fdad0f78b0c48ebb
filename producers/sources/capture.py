"""The one place that touches `cv2.VideoCapture`; FFmpeg is bound before it opens anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2

from producers.sources.body import Body
from producers.sources.ffmpeg import lock_ffmpeg
from producers.sources.source import Picture
from schemas.errors import SourceError


class Capture:
    """An open `cv2.VideoCapture` of a device, of the relay's URL or of bytes; `trouble` is the text if that fails.

    Give FFmpeg one thread (`CAP_PROP_N_THREADS`): it would hold back a live picture for each more that it decodes with.

    Raises:
        SourceError: OpenCV could not open it.
    """

    def __init__(self, target: str | int | Body, backend: int, options: Mapping[int, int], *, trouble: str) -> None:
        lock_ffmpeg()
        opened: Any = target  # OpenCV's types do not know that it reads streams
        parameters = [value for option in options.items() for value in option]
        try:
            self._capture = cv2.VideoCapture(opened, backend, parameters)
        except cv2.error as error:
            raise SourceError(f"{trouble} (OpenCV: {error.err})") from None
        if not self._capture.isOpened():
            self.close()
            raise SourceError(trouble)

    def read(self, shown: str) -> Picture | None:
        """The next picture, or None at the end or when the source broke: OpenCV does not say which.

        Raises:
            SourceError: OpenCV raised an error of its own; the text names the source as `shown`.
        """
        came, picture = self._try(self._capture.read, shown)
        return picture if came else None

    def skip(self, shown: str) -> bool:
        """Pass over the next picture, which is then not turned into BGR; whether there was one.

        Raises:
            SourceError: OpenCV raised an error of its own; the text names the source as `shown`.
        """
        return bool(self._try(self._capture.grab, shown))

    @property
    def fps(self) -> float | None:
        """The rate that the source states, or None where it states none or one that cannot be."""
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        return fps if 0 < fps <= 240 else None

    @property
    def finite(self) -> bool:
        """Whether the source says how many pictures it has."""
        return float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)) > 0

    def close(self) -> None:
        """Give back the device, the bytes or the connection."""
        self._capture.release()

    @staticmethod
    def _try(step: Callable[[], Any], shown: str) -> Any:  # noqa: ANN401 (OpenCV has no types)
        try:
            return step()
        except cv2.error as error:
            raise SourceError(f"source {shown!r}: OpenCV: {error.err}; expected a picture") from None
