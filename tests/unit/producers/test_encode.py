from __future__ import annotations

import cv2
import numpy as np
import pytest

from producers.encode import Jpeg, encode, fitted, shrink
from producers.sources import Picture
from schemas.messages import DropReason

MB = 1024 * 1024


def picture(width: int, height: int) -> Picture:
    across = np.linspace(0, 255, width, dtype=np.float32)
    return np.repeat(np.tile(across, (height, 1)).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        ((640, 480), 640, (640, 480)),
        ((320, 240), 640, (320, 240)),
        ((768, 576), 640, (640, 480)),
        ((1920, 1080), 640, (640, 360)),
        ((1080, 1920), 640, (640, 1138)),
        ((5000, 3), 640, (640, 1)),
    ],
)
def test_only_wider_pictures_shrink(size: tuple[int, int], limit: int, expected: tuple[int, int]) -> None:
    assert fitted(*size, limit) == expected


@pytest.mark.parametrize(
    ("size", "to"),
    [
        ((1280, 720), (640, 360)),
        ((1920, 1080), (640, 360)),
        ((768, 576), (640, 480)),
        ((2592, 1944), (640, 480)),
        ((1023, 767), (320, 240)),
        ((640, 480), (640, 480)),
    ],
)
def test_shrinking_gives_the_size_and_the_picture(size: tuple[int, int], to: tuple[int, int]) -> None:
    small = shrink(picture(*size), *to)
    assert small.shape == (to[1], to[0], 3)
    reference = cv2.resize(picture(*size), to, interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - reference.astype(int)).max() <= 2


def test_stripes_one_pixel_wide_become_grey_and_no_moire() -> None:
    stripes = np.zeros((720, 1280, 3), np.uint8)
    stripes[:, ::2] = 255
    assert set(np.unique(shrink(stripes, 400, 225))) <= {127, 128}


def test_each_distinct_size_is_encoded_once() -> None:
    frames = encode(picture(1280, 720), {"a": 640, "b": 320, "c": 640}, quality=85, limit_bytes=MB)
    assert frames["a"] is frames["c"]
    sizes = {model: (jpeg.width, jpeg.height) for model, jpeg in frames.items() if isinstance(jpeg, Jpeg)}
    assert sizes == {"a": (640, 360), "b": (320, 180), "c": (640, 360)}
    for jpeg in frames.values():
        assert isinstance(jpeg, Jpeg)
        decoded = cv2.imdecode(np.frombuffer(jpeg.value, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (jpeg.height, jpeg.width, 3)


def test_quality_costs_bytes() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    low, high = (encode(noise, {"m": 640}, quality=quality, limit_bytes=MB)["m"] for quality in (30, 95))
    assert isinstance(low, Jpeg)
    assert isinstance(high, Jpeg)
    assert len(low.value) * 2 < len(high.value)


def test_what_cannot_be_sent_says_why() -> None:
    wide = picture(640, 480)
    assert encode(wide, {"m": 640}, quality=85, limit_bytes=100)["m"] is DropReason.TOO_LARGE
    tall = np.zeros((66_000, 8, 3), np.uint8)  # JPEG holds 65,500 lines
    assert encode(tall, {"m": 640}, quality=85, limit_bytes=MB)["m"] is DropReason.ENCODE_FAILED
    empty = np.zeros((0, 0, 3), np.uint8)
    assert encode(empty, {"m": 640}, quality=85, limit_bytes=MB)["m"] is DropReason.ENCODE_FAILED
