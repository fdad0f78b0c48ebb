"""Whether anything moved in a camera's picture: seen on a small grey one, so that it costs little."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from producers.pacing import RateLimit
from producers.sources import Picture
from producers.view import View, paint
from schemas.messages import Camera

WIDTH: Final = 160
"""Pixels across the small picture, or up to twice as many."""
DIFFERENCE: Final = 16
"""Grey levels, of 255, by which a pixel must differ: above a sensor's noise once it is blurred."""

Grey = NDArray[np.uint8]


class MotionGate:
    """Admits pictures that differ from the last one that was admitted, and others at the camera's `still_fps`.

    So what creeps is not missed: its steps add up until they count. The first picture is admitted, and one of another
    shape. `moved` says whether the newest picture differed.
    """

    def __init__(self, camera: Camera, still_fps: float) -> None:
        self._view = View.of(camera)
        self._roi = camera.roi
        self._share = camera.motion
        self._still_fps = still_fps
        self._keep_alive = RateLimit(still_fps)
        self._moment = 0.0
        self._sent: Grey | None = None
        self._watched: Grey | None = None
        self._least = 0.0
        self.moved = True

    def admit(self, picture: Picture, moment: float) -> bool:
        """Whether the picture of this `moment`, in seconds, is to be sent; they ascend until a source begins anew."""
        if moment < self._moment:
            self._keep_alive = RateLimit(self._still_fps)
        self._moment = moment
        small = self._small(picture)
        due = self._keep_alive.admit(moment)
        self.moved = self._differs(small)
        if not (due or self.moved):
            return False
        self._sent = small
        return True

    def _differs(self, small: Grey) -> bool:
        if self._sent is None or self._watched is None or self._sent.shape != small.shape:
            self._watch(small.shape[1], small.shape[0])
            return True
        changed = cv2.absdiff(small, self._sent)
        _, changed = cv2.threshold(changed, DIFFERENCE, 255, cv2.THRESH_BINARY)
        return cv2.countNonZero(cv2.bitwise_and(changed, self._watched)) > self._least

    def _small(self, picture: Picture) -> Grey:
        """The picture as sent, small, grey and blurred; of single pixels: means of all would cost ten times as much."""
        height, width = picture.shape[:2]
        step = max(1, width // WIDTH)
        size = (max(1, width // step), max(1, height // step))
        grey = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2GRAY)
        return self._view.turned(cv2.blur(grey, (3, 3)))

    def _watch(self, width: int, height: int) -> None:
        """Prepare for small pictures of this size: where to look, and how many pixels there must change."""
        watched = np.zeros((height, width), np.uint8) if self._roi else np.full((height, width), 255, np.uint8)
        if self._roi:
            paint(watched, [self._roi], 255)
        paint(watched, self._view.masks, 0)
        self._watched = watched
        self._least = self._share * cv2.countNonZero(watched)
