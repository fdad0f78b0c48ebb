"""Right-sized JPEGs of one picture: each distinct size is encoded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import cv2

from producers.sources.source import Picture
from schemas.messages import DropReason


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An encoded picture; `width` and `height` in pixels."""

    value: bytes
    width: int
    height: int


class Moments(NamedTuple):
    """When a picture was read, when the encoder took it, and when its JPEG was there."""

    captured: datetime
    taken: datetime
    encoded: datetime


def fitted(width: int, height: int, limit: int) -> tuple[int, int]:
    """The size of a picture of `width` × `height` that is at most `limit` wide, in its own proportions."""
    if width <= limit:
        return width, height
    return limit, max(1, round(height * limit / width))


def shrink(picture: Picture, width: int, height: int) -> Picture:
    """`picture` at the smaller size of `width` × `height` pixels.

    Exact halves come first, as means of 2 × 2 pixels; less than a half is left to interpolate, which loses nothing to
    aliasing. One `INTER_AREA` step to an odd fraction gives the same picture for three to ten times the CPU.
    """
    while _halves(picture, width, height):
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
    if picture.shape[1] == width and picture.shape[0] == height:
        return picture
    odd = picture.shape[1] >= 2 * width
    shrunk: Picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if odd else cv2.INTER_LINEAR)
    return shrunk


def _halves(picture: Picture, width: int, height: int) -> bool:
    has_height, has_width = picture.shape[:2]
    even = has_width % 2 == 0 and has_height % 2 == 0
    return bool(even and has_width >= 2 * width and has_height >= 2 * height)


def encode(
    picture: Picture, widths: Mapping[str, int], *, quality: int, limit_bytes: int
) -> dict[str, Jpeg | DropReason]:
    """A JPEG of `picture` for each model, or why it gets none.

    Args:
        picture: Pixels, BGR.
        widths: How wide each model wants its frames, at most; narrower pictures stay as they are.
        quality: JPEG quality, 1 to 100.
        limit_bytes: The largest value that a frame may have.
    """
    height, width = picture.shape[:2]
    sizes = {model: fitted(width, height, limit) for model, limit in widths.items()}
    encoded = {size: _encode(picture, size, quality, limit_bytes) for size in set(sizes.values())}
    return {model: encoded[size] for model, size in sizes.items()}


def _encode(picture: Picture, size: tuple[int, int], quality: int, limit_bytes: int) -> Jpeg | DropReason:
    try:
        done, buffer = cv2.imencode(".jpg", shrink(picture, *size), [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error:
        return DropReason.ENCODE_FAILED
    if not done:
        return DropReason.ENCODE_FAILED
    if buffer.nbytes > limit_bytes:
        return DropReason.TOO_LARGE
    return Jpeg(buffer.tobytes(), *size)
