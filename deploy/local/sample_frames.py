"""Frames to quantise with, and others to compare with: of the sample videos, or of the user's pictures or video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from deploy.local.media import SAMPLES, Media
from producers.encode import Jpeg, encode
from producers.sources.source import Picture
from schemas.catalogue import Model
from schemas.errors import SourceError
from schemas.messages import Camera

CALIBRATION: Final = 100
HELD_OUT: Final = 200
_PARTS: Final = 10
"""A video is cut into so many parts, which go to one side and the other in turn: neighbours look alike."""
_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_QUALITY: Final[int] = Camera.model_fields["quality"].default
_LIMIT: Final = 1 << 30


_Sides = tuple[tuple[bytes, ...], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Frames:
    """JPEGs as capture sends them: to quantise with, to compare with, and where both come from, in words."""

    calibration: tuple[bytes, ...]
    held_out: tuple[bytes, ...]
    source: str


def sample_frames(model: Model, media: Media) -> Frames:
    """Frames of the sample videos, each of them the same share.

    Raises:
        FetchError: A video cannot be had.
    """
    videos = list(dict.fromkeys([media.pedestrians(), *(media.path(name) for name in SAMPLES)]))
    parts = [_of_video(model, video, CALIBRATION // len(videos), HELD_OUT // len(videos)) for video in videos]
    calibration, held_out = (tuple(jpeg for part in parts for jpeg in part[side]) for side in (0, 1))
    return Frames(calibration, held_out, f"sample videos {', '.join(video.name for video in videos)}")


def own_frames(model: Model, path: Path) -> Frames:
    """Frames of the folder of pictures, or of the video, at `path`.

    Raises:
        SourceError: It is neither, or has too few pictures for both sides.
    """
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _PICTURES) if path.is_dir() else None
    except OSError as error:
        raise SourceError(f"frames {path}: {error.strerror}; expected a folder of pictures, or a video") from None
    if files is None:
        calibration, held_out = _of_video(model, path, CALIBRATION, HELD_OUT)
    else:
        sides = split(len(files), CALIBRATION, HELD_OUT)
        calibration, held_out = (tuple(_jpeg(model, _read(files[number])) for number in side) for side in sides)
    return Frames(calibration, held_out, str(path))


def split(count: int, calibration: int, held_out: int) -> tuple[Sequence[int], Sequence[int]]:
    """The numbers, of 0 to `count` - 1, of frames for each side: at most so many, evenly out of parts of their own."""
    sides: tuple[list[int], list[int]] = ([], [])
    for number in range(count):
        sides[number * _PARTS // count % 2].append(number)
    return _some(sides[0], calibration), _some(sides[1], held_out)


def _some(numbers: Sequence[int], most: int) -> Sequence[int]:
    if len(numbers) <= most:
        return numbers
    return [numbers[place * len(numbers) // most] for place in range(most)]


def _of_video(model: Model, video: Path, calibration: int, held_out: int) -> _Sides:
    count = sum(1 for _ in _pictures(video, frozenset()))
    sides = split(count, calibration, held_out)
    wanted = frozenset(sides[0]) | frozenset(sides[1])
    jpegs = {number: _jpeg(model, picture) for number, picture in _pictures(video, wanted) if picture is not None}
    return tuple(jpegs[number] for number in sides[0]), tuple(jpegs[number] for number in sides[1])


def _pictures(video: Path, wanted: frozenset[int]) -> Iterator[tuple[int, Picture | None]]:
    """Every frame's number, and those pictures that are wanted: what a container says of its length may be wrong."""
    capture = cv2.VideoCapture(str(video))
    try:
        if not capture.isOpened():
            raise SourceError(f"frames {video}: OpenCV cannot read it; expected a folder of pictures, or a video")
        number = 0
        while capture.grab():
            picture = capture.retrieve()[1] if number in wanted else None
            yield number, picture
            number += 1
    finally:
        capture.release()


def _read(file: Path) -> Picture:
    picture: Picture | None = cv2.imread(str(file))
    if picture is None:
        raise SourceError(f"picture {file}: OpenCV cannot read it; expected a JPEG, PNG, WebP, BMP or TIFF file")
    return picture


def _jpeg(model: Model, picture: Picture) -> bytes:
    """The picture as capture sends it to the model."""
    made = encode(picture, {model.name: model.frame_width}, quality=_QUALITY, limit_bytes=_LIMIT)[model.name]
    if not isinstance(made, Jpeg):
        raise SourceError(f"a picture of {picture.shape[1]}×{picture.shape[0]} pixels cannot be encoded: {made.value}")
    return made.value
