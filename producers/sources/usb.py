"""A USB camera, by its device's number."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2

from producers.sources.capture import Capture
from producers.sources.source import Picture
from schemas.errors import SourceError


class UsbSource:
    """The camera that the system numbers `device`."""

    live = True

    def __init__(self, device: int) -> None:
        self._shown = str(device)
        present = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
        if sys.platform == "linux" and not Path(f"/dev/video{device}").exists():
            raise SourceError(
                f"source {self._shown!r}: there is no /dev/video{device}; expected the number of a connected camera "
                f"(devices here: {present})"
            )
        trouble = (
            f"source {self._shown!r}: the device cannot be opened; "
            f"expected a camera that nobody else uses and that this user may read (devices here: {present})"
        )
        self._capture = Capture(device, cv2.CAP_ANY, {}, trouble=trouble)

    @property
    def fps(self) -> float | None:
        return self._capture.fps

    def read(self) -> Picture | None:
        picture = self._capture.read(self._shown)
        if picture is None:
            raise SourceError(f"source {self._shown!r}: the device gives no picture; expected it to stay connected")
        return picture

    def close(self) -> None:
        self._capture.close()
