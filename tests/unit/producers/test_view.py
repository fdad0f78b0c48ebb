from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from producers.encode import Jpeg, encode
from producers.sources import Picture
from producers.view import View
from schemas.messages import Flip, Point

CORNERS = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0), "white": (255, 255, 255)}
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def picture() -> Picture:
    """60 × 40 pixels; clockwise from the upper left one its quarters are red, green, blue and white."""
    made = np.empty((40, 60, 3), np.uint8)
    made[:20, :30], made[:20, 30:], made[20:, 30:], made[20:, :30] = CORNERS.values()
    return made


def quarters(seen: Picture) -> list[str]:
    names = {colour: name for name, colour in CORNERS.items()} | {(0, 0, 0): "black"}
    height, width = seen.shape[:2]
    top, low, left, right = height // 4, height - height // 4, width // 4, width - width // 4
    places = ((top, left), (top, right), (low, right), (low, left))
    return [names[tuple(int(level) for level in seen[place])] for place in places]  # type: ignore[index]


@pytest.mark.parametrize(
    ("view", "size", "expected"),
    [
        (View(), (60, 40), ["red", "green", "blue", "white"]),
        (View(rotate=90), (40, 60), ["white", "red", "green", "blue"]),
        (View(rotate=180), (60, 40), ["blue", "white", "red", "green"]),
        (View(rotate=270), (40, 60), ["green", "blue", "white", "red"]),
        (View(flip=Flip.HORIZONTAL), (60, 40), ["green", "red", "white", "blue"]),
        (View(flip=Flip.VERTICAL), (60, 40), ["white", "blue", "green", "red"]),
        (View(rotate=90, flip=Flip.HORIZONTAL), (40, 60), ["red", "white", "blue", "green"]),
        (View(masks=(LEFT_HALF,)), (60, 40), ["black", "green", "blue", "black"]),
        (View(rotate=90, masks=(LEFT_HALF,)), (40, 60), ["black", "red", "green", "black"]),
    ],
)
def test_a_picture_is_turned_then_mirrored_then_masked(view: View, size: tuple[int, int], expected: list[str]) -> None:
    seen = view.apply(picture())
    assert (seen.shape[1], seen.shape[0]) == view.size(60, 40) == size
    assert quarters(seen) == expected


def inside(polygon: tuple[Point, ...], width: int, height: int) -> NDArray[np.bool_]:
    """Which middles of a grid of `width` × `height` are in the polygon: an odd number of edges is to the left of it."""
    y, x = np.mgrid[:height, :width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    odd = np.zeros((height, width), bool)
    for (x1, y1), (x2, y2) in pairwise((*polygon, polygon[0])):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return odd


@pytest.mark.parametrize(
    "mask",
    [
        ((0.1, 0.1), (0.9, 0.15), (0.85, 0.8), (0.2, 0.9)),
        ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0)),
        ((0.3, 0.3), (0.7, 0.3), (0.5, 0.45), (0.7, 0.7), (0.3, 0.7)),  # with a bay
        ((0.5, 0.0), (0.503, 0.0), (0.503, 1.0), (0.5, 1.0)),  # narrower than a pixel
    ],
)
@pytest.mark.parametrize("size", [(640, 480), (101, 67)])
def test_no_pixel_that_a_mask_touches_is_left(mask: tuple[Point, ...], size: tuple[int, int]) -> None:
    """Four times four places in each pixel are asked."""
    width, height = size
    seen = View(masks=(mask,)).apply(np.full((height, width, 3), 255, np.uint8))
    asked = inside(mask, width * 4, height * 4).reshape(height, 4, width, 4).any(axis=(1, 3))
    assert asked.any()
    assert not seen[asked].any()
    assert seen.any(), "the rest is there"


def test_two_pictures_that_differ_under_a_mask_alone_give_the_same_jpeg() -> None:
    rng = np.random.default_rng(7)
    one = rng.integers(0, 256, (480, 640, 3), np.uint8)
    other = one.copy()
    other[:, :320] = rng.integers(0, 256, (480, 320, 3), np.uint8)
    view = View(masks=(LEFT_HALF,))
    jpegs = [encode(view.apply(seen), {"m": 333}, quality=90, limit_bytes=10**6)["m"] for seen in (one, other)]
    assert isinstance(jpegs[0], Jpeg)
    assert jpegs[0] == jpegs[1]
