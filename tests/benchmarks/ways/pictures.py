"""Frames of real video at a wanted size, as JPEGs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from producers.encode import shrink
from schemas.jpeg import check_jpeg

FRAMES: Final = 120
"""So many different frames; whoever needs more begins again."""
_QUALITY: Final = 85
"""Capture's usual one."""
HD: Final = (1280, 720)


def hd_frames(videos: Sequence[Path]) -> list[np.ndarray]:
    """Pictures of 1280×720 from all of `videos` in turn: scaled until they fill it, and cropped to its proportions."""
    readers = [_pictures(video) for video in videos]
    return [_filled(next(readers[number % len(readers)]), *HD) for number in range(FRAMES)]


def as_jpegs(pictures: Sequence[np.ndarray], width: int) -> list[bytes]:
    """The pictures as capture sends them to a model that wants frames of `width` pixels."""
    height = round(pictures[0].shape[0] * width / pictures[0].shape[1])
    return [
        cv2.imencode(".jpg", shrink(picture, width, height), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
        for picture in pictures
    ]


def size_of(jpeg: bytes) -> tuple[int, int]:
    """A frame's width and height."""
    return check_jpeg(jpeg, limit_bytes=1 << 24, limit_pixels=1 << 26)


def save(jpegs: Sequence[bytes], folder: Path) -> Path:
    """Write the frames where `load` finds them."""
    folder.mkdir()
    for number, jpeg in enumerate(jpegs):
        (folder / f"{number:04d}.jpg").write_bytes(jpeg)
    return folder


def load(folder: Path) -> list[bytes]:
    """The frames that `save` wrote."""
    return [file.read_bytes() for file in sorted(folder.glob("*.jpg"))]


def _pictures(video: Path) -> Iterator[np.ndarray]:
    """Every fifth picture of `video`, from its beginning: neighbours look alike."""
    source = cv2.VideoCapture(str(video))
    try:
        number = 0
        while True:
            read, picture = source.read()
            if not read:
                assert number, f"{video}: expected a video with pictures"
                source.set(cv2.CAP_PROP_POS_FRAMES, 0)
            elif number % 5 == 0:
                yield np.asarray(picture)
            number += 1
    finally:
        source.release()


def _filled(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    factor = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * factor)), max(height, round(picture.shape[0] * factor)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width])
