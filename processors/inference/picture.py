"""From a JPEG to what a network takes: 8-bit pixels of the input's size, decoded once and copied never."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.families import Placement
from schemas.catalogue import InputSpec
from schemas.errors import NotJpegError

Pixels = NDArray[np.uint8]

_GREY: Final = 128
"""What a letterbox has around the picture."""
_HALF: Final = cv2.IMREAD_REDUCED_COLOR_2 & ~cv2.IMREAD_COLOR_BGR
_COLOURS: Final = {"RGB": cv2.IMREAD_COLOR_RGB, "BGR": cv2.IMREAD_COLOR_BGR}


def decode_picture(jpeg: bytes, spec: InputSpec, placement: Placement) -> Pixels:
    """The picture as [height, width, 3] in the order of `spec.colour`: the decoder gives either for the same price.

    Half as large, for half the time, where that is still enough. The orientation in its Exif data is ignored, so that
    boxes fit the pixels as they are stored.

    Raises:
        NotJpegError: The decoder makes nothing of it.
    """
    enough = placement.width >= 2 * placement.inner_width and placement.height >= 2 * placement.inner_height
    flags = _COLOURS[spec.colour] | cv2.IMREAD_IGNORE_ORIENTATION | (_HALF if enough else 0)
    picture: Pixels | None = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    if picture is None:
        claim = f"{placement.width}×{placement.height} pixels in {len(jpeg):,} bytes"
        raise NotJpegError(f"the JPEG's picture, {claim}, cannot be decoded; expected whole image data")
    return picture


def fit_picture(picture: Pixels, spec: InputSpec, placement: Placement) -> Pixels:
    """The picture in the network's size: [1, height, width, 3], stretched or in a letterbox, as `placement` says."""
    inner = cv2.resize(picture, (placement.inner_width, placement.inner_height), interpolation=cv2.INTER_LINEAR)
    if inner.shape[:2] == (spec.height, spec.width):
        stretched: Pixels = inner[None]
        return stretched
    fitted: Pixels = np.full((1, spec.height, spec.width, 3), _GREY, np.uint8)
    rows = slice(placement.top, placement.top + placement.inner_height)
    columns = slice(placement.left, placement.left + placement.inner_width)
    fitted[0, rows, columns] = inner
    return fitted
