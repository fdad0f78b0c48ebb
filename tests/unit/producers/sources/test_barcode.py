from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.encode import Jpeg, encode
from producers.sources import Picture, barcode
from producers.sources.pattern import PatternSource
from schemas.errors import FrameError


def through_capture(picture: Picture, width: int, quality: int) -> Picture:
    jpeg = encode(picture, {"m": width}, quality=quality, limit_bytes=10_000_000)["m"]
    assert isinstance(jpeg, Jpeg)
    decoded: Picture | None = cv2.imdecode(np.frombuffer(jpeg.value, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


@pytest.mark.parametrize(
    ("number", "cells"),
    [
        (0, "1011" + "0" * 24 + "1010"),
        (1, "1011" + "0" * 23 + "1" + "1011"),
        (0xABCDEF, "1011" + "101010111100110111101111" + "1011"),
        (barcode.NUMBERS, "1011" + "0" * 24 + "1010"),
    ],
)
def test_the_documented_cells(number: int, cells: str) -> None:
    assert "".join(map(str, barcode.bits(number))) == cells


def test_the_documented_geometry() -> None:
    picture = np.full((480, 640, 3), 77, np.uint8)
    barcode.draw(picture, 1)
    for cell, bit in enumerate(barcode.bits(1)):
        assert (picture[:60, cell * 20 : (cell + 1) * 20] == 255 * bit).all()
    assert (picture[60:] == 77).all()


@pytest.mark.parametrize("size", [(128, 96), (320, 240), (640, 480), (641, 361), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("quality", [70, 85, 100])
def test_a_number_survives_resizing_and_jpeg(size: tuple[int, int], quality: int) -> None:
    for number in (0, 1, 0x555555, 0xAAAAAA, 0xFFFFFF, 1_234_567):
        picture = np.full((size[1], size[0], 3), 128, np.uint8)
        barcode.draw(picture, number)
        assert barcode.read(through_capture(picture, 640, quality)) == number


@settings(max_examples=60, deadline=None)
@given(st.integers(0, barcode.NUMBERS - 1), st.integers(160, 1000), st.integers(96, 800), st.integers(160, 900))
def test_any_number_at_any_size(number: int, width: int, height: int, limit: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    barcode.draw(picture, number)
    assert barcode.read(through_capture(picture, limit, 70)) == number


def test_the_browsers_way_to_read_it() -> None:
    picture = np.full((480, 640, 3), 128, np.uint8)
    barcode.draw(picture, 987_654)
    seen = through_capture(picture, 640, 70)
    height, width = seen.shape[:2]
    cells = [int(seen[height // 16, int((k + 0.5) * width / 32), 1] >= 128) for k in range(32)]
    assert tuple(cells) == barcode.bits(987_654)


@pytest.mark.parametrize("cell", range(32))
def test_one_wrong_cell_is_noticed(cell: int) -> None:
    picture = np.zeros((64, 640, 3), np.uint8)
    barcode.draw(picture, 4242)
    picture[:8, cell * 20 : (cell + 1) * 20] ^= 255
    with pytest.raises(FrameError, match=r"marker|check"):
        barcode.read(picture)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_no_bar_code_is_no_number(grey: int) -> None:
    with pytest.raises(FrameError, match="expected 1011"):
        barcode.read(np.full((480, 640, 3), grey, np.uint8))


def test_the_pattern_counts_and_moves() -> None:
    source = PatternSource(640, 480, fps=25)
    pictures = [source.read() for _ in range(3)]
    assert [barcode.read(picture) for picture in pictures if picture is not None] == [0, 1, 2]
    assert pictures[0] is not None
    assert pictures[1] is not None
    assert (pictures[0][60:400] != pictures[1][60:400]).any()
    assert (source.fps, source.live) == (25, False)
    assert PatternSource(640, 480).fps == 10
