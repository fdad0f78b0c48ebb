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

_COEFFICIENT_BYTES: Final = 4 * 2
"""What libjpeg keeps for each pixel of a progressive JPEG: 16 bits for each of up to four components."""
_GREY: Final = 128
"""What a letterbox has around the picture."""
_REDUCED: Final = {
    8: cv2.IMREAD_REDUCED_COLOR_8 & ~cv2.IMREAD_COLOR_BGR,
    4: cv2.IMREAD_REDUCED_COLOR_4 & ~cv2.IMREAD_COLOR_BGR,
    2: cv2.IMREAD_REDUCED_COLOR_2 & ~cv2.IMREAD_COLOR_BGR,
}
"""By how much a decoder can shrink a picture while it decodes, for a fraction of the time and of the memory."""
_COLOURS: Final = {"RGB": cv2.IMREAD_COLOR_RGB, "BGR": cv2.IMREAD_COLOR_BGR}


def decode_picture(jpeg: bytes, spec: InputSpec, placement: Placement, *, whole: bool = False) -> Pixels:
    """The picture as [height, width, 3] in the order of `spec.colour`: the decoder gives either for the same price.

    A half, a quarter or an eighth as large where that is still enough, unless the `whole` is wanted. The orientation in
    its Exif data is ignored, so that boxes fit the pixels as they are stored.

    Raises:
        NotJpegError: The decoder makes nothing of it.
        MemoryError: There is not the memory to tell.
    """
    flags = _COLOURS[spec.colour] | cv2.IMREAD_IGNORE_ORIENTATION | (0 if whole else _reduction(placement))
    claim = f"{placement.width}×{placement.height} pixels in {len(jpeg):,} bytes"
    try:
        picture: Pixels | None = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise  # no fault of the frame
        raise NotJpegError(f"the JPEG's picture, {claim}, is refused by the decoder: {error.err}") from error
    if picture is None:
        _require_memory(placement)
        raise NotJpegError(f"the JPEG's picture, {claim}, cannot be decoded; expected whole image data")
    return picture


def _require_memory(placement: Placement) -> None:
    """Raise MemoryError where a progressive picture's coefficients do not fit: OpenCV does not say why it gave up."""
    np.empty(placement.width * placement.height * _COEFFICIENT_BYTES, np.uint8)


def _reduction(placement: Placement) -> int:
    for factor, flag in _REDUCED.items():
        if placement.width >= factor * placement.inner_width and placement.height >= factor * placement.inner_height:
            return flag
    return 0


def normalised(pixels: Pixels, spec: InputSpec) -> NDArray[np.float32]:
    """What the compiled network makes of [1, height, width, 3] before its first layer, in the layout of `spec`."""
    values = (pixels.astype(np.float32) - np.array(spec.mean, np.float32)) * np.array(spec.scale, np.float32)
    return values if spec.layout == "NHWC" else np.ascontiguousarray(values.transpose(0, 3, 1, 2))


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
