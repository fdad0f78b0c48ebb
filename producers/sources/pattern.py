"""A test pattern: no camera is needed, and every picture says its own number."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

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
        with _drawing:
            self._ground, self._digits = _ground(width, height), _digits(height)

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
        self._write(picture, width // 32, height - height // 16)
        self._number += 1
        return picture

    def close(self) -> None:
        """Nothing is held."""

    def _write(self, picture: Picture, left: int, bottom: int) -> None:
        text = np.concatenate([self._digits[int(digit)] for digit in f"{self._number:08d}"], axis=1)
        place = picture[bottom - text.shape[0] : bottom, left : left + text.shape[1]]
        np.maximum(place, text[-place.shape[0] :, : place.shape[1], np.newaxis], out=place)


_drawing = Lock()
"""Held while a ground or digits are made, so that many cameras that start at once make them once."""


@lru_cache(maxsize=8)
def _digits(height: int) -> tuple[NDArray[np.uint8], ...]:
    """The digits, white on black, for a picture of this height.

    OpenCV 5 loads its fonts anew in each thread that writes text: 6 MB, and tens of milliseconds.
    """
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, height / 400
    sizes = [cv2.getTextSize(str(digit), font, scale, 2)[0] for digit in range(10)]
    wide, high = max(size[0] for size in sizes), max(size[1] for size in sizes)
    digits = []
    for digit in range(10):
        cell = np.zeros((high + 2, wide + 2), np.uint8)
        cv2.putText(cell, str(digit), (1, high), font, scale, (255,), 2)
        digits.append(cell)
    return tuple(digits)


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
