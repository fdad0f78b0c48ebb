"""A number as a bar code at the top of a picture: it survives resizing and JPEG, and anybody can read it back.

Geometry, for a picture of W × H pixels (all edges are fractions, so they hold at every size):

- The code is the band over the full width and the top eighth: 0 ≤ x < W, 0 ≤ y < H/8.
- It has 32 cells; cell k (0 is the leftmost) covers k·W/32 ≤ x < (k+1)·W/32. White is 1, black is 0.
- Cells 0–3 are the marker `1 0 1 1`.
- Cells 4–27 are the number modulo 2²⁴, the most significant bit first.
- Cells 28–31 are the check: the exclusive or of the number's six nibbles and of `1 0 1 0`, most significant bit
  first.

To read cell k, average the brightness over its middle, (k+¼)·W/32 ≤ x < (k+¾)·W/32 and H/32 ≤ y < 3H/32, and take 1
from 128 of 255 up. In JavaScript, with `pixels = context.getImageData(0, 0, W, H).data`, one sample in each cell's
middle, `pixels[4 * (Math.floor(H / 16) * W + Math.floor((k + 0.5) * W / 32))] >= 128`, does as well.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from producers.sources.source import Picture
from schemas.errors import FrameError

CELLS: Final = 32
BAND: Final = 8
"""The band is one part of so many of the picture's height."""
NUMBERS: Final = 1 << 24
"""How many numbers there are: the code holds a number modulo this."""
_MARKER: Final = 0b1011
_CHECK_MASK: Final = 0b1010


def bits(number: int) -> tuple[int, ...]:
    """The 32 cells, left to right, for `number` modulo 2²⁴."""
    number %= NUMBERS
    word = (_MARKER << 28) | (number << 4) | _check(number)
    return tuple((word >> (CELLS - 1 - cell)) & 1 for cell in range(CELLS))


def draw(picture: Picture, number: int) -> None:
    """Draw `number` modulo 2²⁴ over the top of `picture`, in place."""
    height, width = picture.shape[:2]
    edges = [cell * width // CELLS for cell in range(CELLS + 1)]
    row = np.repeat(np.array(bits(number), np.uint8) * 255, np.diff(edges))
    picture[: height // BAND] = row[np.newaxis, :, np.newaxis]


def read(picture: Picture) -> int:
    """The number, modulo 2²⁴, that `picture` shows.

    Raises:
        FrameError: The marker or the check does not fit: there is no bar code, or it is damaged.
    """
    height, width = picture.shape[:2]
    word = 0
    for cell in range(CELLS):
        left, right = int((cell + 0.25) * width / CELLS), int((cell + 0.75) * width / CELLS)
        middle = picture[height // 32 : max(3 * height // 32, height // 32 + 1), left : max(right, left + 1)]
        word = (word << 1) | int(middle.mean() >= 128)
    marker, number, check = word >> 28, (word >> 4) % NUMBERS, word & 0b1111
    if marker != _MARKER:
        raise FrameError(f"bar code: marker {marker:04b}; expected {_MARKER:04b}")
    if check != _check(number):
        raise FrameError(f"bar code: check {check:04b} of number {number}; expected {_check(number):04b}")
    return number


def _check(number: int) -> int:
    check = _CHECK_MASK
    while number:
        check ^= number & 0b1111
        number >>= 4
    return check
