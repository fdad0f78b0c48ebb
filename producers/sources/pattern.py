"""A test pattern: no camera is needed, and every picture says its own number."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from producers.sources import barcode
from producers.sources.source import Picture


class PatternSource:
    """Pictures with their number, from 0, as a bar code and as text, and a disc that moves one step a picture.

    Nothing between here and the offer leaves one out, so the number is the frame's `seq` (modulo 2²⁴).
    """

    live = False

    def __init__(self, width: int, height: int, *, fps: float | None = None) -> None:
        self._fps = fps or 10.0
        self._number = 0
        self._ground = _ground(width, height)

    @property
    def fps(self) -> float:
        return self._fps

    def read(self) -> Picture | None:
        picture = self._ground.copy()
        height, width = picture.shape[:2]
        barcode.draw(picture, self._number)
        radius = height // 10
        turn = 2 * np.pi * (self._number % 100) / 100
        centre = (int(width * (0.5 + 0.35 * np.cos(turn))), int(height * (0.6 + 0.2 * np.sin(turn))))
        cv2.circle(picture, centre, radius, (60, 90, 240), thickness=-1)
        place = (width // 32, height - height // 16)
        cv2.putText(picture, f"{self._number:08d}", place, cv2.FONT_HERSHEY_SIMPLEX, height / 400, (255, 255, 255), 2)
        self._number += 1
        return picture

    def close(self) -> None:
        """Nothing is held."""


@lru_cache(maxsize=8)
def _ground(width: int, height: int) -> Picture:
    """A grey gradient, so that the disc and the text stand out and the JPEG has something to do.

    Many cameras have one size: they share its ground, which nobody draws on.
    """
    across = np.linspace(60, 140, width, dtype=np.float32)
    down = np.linspace(0, 40, height, dtype=np.float32)
    grey = (across[np.newaxis, :] + down[:, np.newaxis]).astype(np.uint8)
    ground = np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    ground.setflags(write=False)
    return ground
