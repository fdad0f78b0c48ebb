"""A camera's picture as it is sent: turned, mirrored, and without what its masks hide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from producers.sources import Picture
from schemas.messages import Camera, Flip, Point

_ROTATIONS: Final = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIPS: Final = {Flip.HORIZONTAL: 1, Flip.VERTICAL: 0}
_SHIFT: Final = 8
"""Corners are drawn to 1/256 of a pixel."""
_EDGE: Final = 3
"""Pixels across a mask's outline: where it runs through a pixel, that pixel is hidden too, and the one beside it."""


@dataclass(frozen=True, slots=True)
class View:
    """What a camera asks to be done to its pictures before they are encoded."""

    rotate: int = 0
    flip: Flip | None = None
    masks: tuple[tuple[Point, ...], ...] = ()

    @classmethod
    def of(cls, camera: Camera) -> View:
        """The camera's view."""
        return cls(camera.rotate, camera.flip, camera.masks)

    def turned(self, picture: Picture) -> Picture:
        """The picture turned and mirrored: the same one, where there is nothing to do."""
        if self.rotate:
            picture = cv2.rotate(picture, _ROTATIONS[self.rotate])
        if self.flip:
            picture = cv2.flip(picture, _FLIPS[self.flip])
        return picture

    def apply(self, picture: Picture) -> Picture:
        """The picture as it may be seen; masks are painted into `picture` itself where it is not turned."""
        picture = self.turned(picture)
        paint(picture, self.masks, 0)
        return picture

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The size in pixels of a picture of `width` × `height` once it is turned."""
        return (height, width) if self.rotate in (90, 270) else (width, height)


def paint(picture: NDArray[np.uint8], polygons: Iterable[tuple[Point, ...]], value: int) -> None:
    """Set every pixel that one of `polygons` touches to `value`, in all channels."""
    height, width = picture.shape[:2]
    for polygon in polygons:
        corners = np.asarray(polygon) * (width, height) - 0.5
        points = np.round(corners * 2**_SHIFT).astype(np.int32)
        colour = (value, value, value)
        cv2.fillPoly(picture, [points], colour, shift=_SHIFT)
        cv2.polylines(picture, [points], True, colour, thickness=_EDGE, shift=_SHIFT)
