"""Pictures for the suite: real clips at a size that two cores can afford, marked frames, and poison."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.errors import EnvironmentMissingError

SIZE: Final = (320, 240)
"""Width and height of every picture of the suite, in pixels."""
LETHAL: Final = (255.0, 0.0, 255.0)
"""The mean colour, as RGB, of a picture that ends the process which infers it."""
SLOW: Final = (0.0, 255.0, 255.0)
"""And of one that takes its time."""
HANGING: Final = (255.0, 255.0, 0.0)
"""And of one whose inference never ends."""
_TOLERANCE: Final = 16.0
"""What a JPEG may do to a colour; no camera's mean is that near to one that is pure."""

Pixels = NDArray[np.uint8]


def resembles(mean: tuple[float, ...], mark: tuple[float, ...]) -> bool:
    """Whether a picture with this mean colour carries the mark."""
    return all(abs(one - other) <= _TOLERANCE for one, other in zip(mean, mark, strict=True))


def marked(mark: tuple[float, ...]) -> bytes:
    """A JPEG that carries the mark in its pixels."""
    red, green, blue = mark
    return _encode(np.full((SIZE[1], SIZE[0], 3), (blue, green, red), np.uint8))


def plain(grey: int = 127) -> bytes:
    """A JPEG without a mark."""
    return _encode(np.full((SIZE[1], SIZE[0], 3), grey, np.uint8))


def clip(video: Path, target: Path, *, fps: float, pictures: int = 150) -> Path:
    """The first pictures of a real video, small, as a clip of `fps`."""
    source = cv2.VideoCapture(str(video))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), fps, SIZE)
    try:
        for _ in range(pictures):
            there, picture = source.read()
            if not there:
                break
            writer.write(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA))
    finally:
        source.release()
        writer.release()
    if not target.is_file():
        raise EnvironmentMissingError(f"no clip could be made of {video}: expected a video that FFmpeg reads")
    return target


def _encode(picture: Pixels, kind: str = ".jpg") -> bytes:
    done, buffer = cv2.imencode(kind, picture)
    assert done
    return buffer.tobytes()


def _cut_off(chance: random.Random) -> bytes:
    whole = plain()
    return whole[: chance.randrange(20, len(whole) - 2)]


def _claiming(chance: random.Random) -> bytes:
    """A JPEG whose header claims a hundred times the pixels that we accept."""
    value = bytearray(plain())
    at = value.index(b"\xff\xc0") + 5
    value[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(value)


def _other_size(chance: random.Random) -> bytes:
    """A good JPEG, but not of the size that its headers say."""
    return _encode(np.zeros((48, 64, 3), np.uint8))


def _png(chance: random.Random) -> bytes:
    return _encode(np.zeros((48, 64, 3), np.uint8), ".png")


def _empty(chance: random.Random) -> bytes:
    return b""


def _noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 20_000))


def _too_large(chance: random.Random) -> bytes:
    return plain()[:2] + bytes(1024 * 1024)


POISON: Final[tuple[Callable[[random.Random], bytes], ...]] = (
    _cut_off,
    _claiming,
    _other_size,
    _png,
    _empty,
    _noise,
    _too_large,
)
"""Values that are no frames, each in another way, under headers that are right."""
