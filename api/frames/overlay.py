"""A picture with what a model saw in it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from schemas.errors import NotJpegError
from schemas.jpeg import check_jpeg
from schemas.messages import Detection
from schemas.settings import Settings

_COLOURS: Final = ((80, 200, 60), (60, 160, 250), (230, 130, 60), (200, 80, 220), (60, 220, 220), (90, 90, 240))
_FAR: Final = 1 << 15
_QUALITY: Final = 90
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


def overlaid(jpeg: bytes, detections: Sequence[Detection], settings: Settings) -> bytes:
    """The picture with boxes, labels and keypoints, as a JPEG of the same size.

    Raises:
        FrameError: It is no picture that is taken: what decoding it costs is looked at first.
    """
    check_jpeg(jpeg, limit_bytes=settings.frame_limit_bytes, limit_pixels=settings.frame_limit_pixels)
    picture = decode(jpeg)
    draw_detections(picture, detections)
    encoded: bytes = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].tobytes()
    return encoded


def decode(jpeg: bytes) -> np.ndarray:
    """The picture's pixels, BGR, as they are stored: boxes are in these, so it is not turned.

    Raises:
        NotJpegError: It cannot be decoded.
    """
    picture: np.ndarray | None = cv2.imdecode(
        np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if picture is None:
        raise NotJpegError("the picture cannot be decoded; expected a whole JPEG")
    return picture


def draw_detections(picture: np.ndarray, detections: Sequence[Detection]) -> None:
    """Draw boxes, labels and keypoints into the picture, BGR, in lines that fit its size."""
    line = line_width(picture)
    for found in detections:
        _draw(picture, found, line)


def line_width(picture: np.ndarray) -> int:
    """How many pixels wide a line is that can be seen in a picture of this size."""
    longest: int = max(picture.shape[:2])
    return max(1, round(longest / 400))


def _draw(picture: np.ndarray, found: Detection, line: int) -> None:
    colour = _COLOURS[zlib.crc32(found.label.encode()) % len(_COLOURS)]
    x1, y1, x2, y2 = map(_pixel, found.box)
    cv2.rectangle(picture, (x1, y1), (x2, y2), colour, line)
    for x, y, *_ in found.keypoints or ():
        cv2.circle(picture, (_pixel(x), _pixel(y)), line + 1, colour, -1)
    text, size = f"{found.label} {found.score:.2f}", 0.4 * line
    (width, height), below = cv2.getTextSize(text, _FONT, size, line)
    top = max(y1, height + below)
    cv2.rectangle(picture, (x1, top - height - below), (x1 + width, top), colour, -1)
    cv2.putText(picture, text, (x1, top - below // 2), _FONT, size, (0, 0, 0), line, cv2.LINE_AA)


def _pixel(place: float) -> int:
    """A whole pixel; one that is far outside is drawn as far as OpenCV can count."""
    return round(min(max(place, -_FAR), _FAR))
