"""What is no JPEG, not whole or too large is told so precisely, without decoding it and whatever the bytes are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import FrameError, FrameTooLargeError, NotJpegError
from schemas.jpeg import check_jpeg

LIMITS = {"limit_bytes": 100_000, "limit_pixels": 1_000_000}


def picture(width: int = 64, height: int = 48, *options: int, suffix: str = ".jpg") -> bytes:
    pixels = np.random.default_rng(7).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


JPEG = picture()
SOF = JPEG.index(b"\xff\xc0")


def claiming(width: int, height: int) -> bytes:
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return JPEG[: SOF + 5] + size + JPEG[SOF + 9 :]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        pytest.param(JPEG, (64, 48), id="baseline"),
        pytest.param(picture(31, 57, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (31, 57), id="progressive"),
        pytest.param(picture(64, 48, cv2.IMWRITE_JPEG_RST_INTERVAL, 2), (64, 48), id="restart markers"),
        pytest.param(picture(1, 1), (1, 1), id="one pixel"),
        pytest.param(JPEG + b"\0" * 500, (64, 48), id="zero bytes behind it"),
        pytest.param(JPEG + b"\r\n", (64, 48), id="line end behind it"),
        pytest.param(JPEG[:2] + b"\xff\xe1\x00\x08Exif\0\0" + JPEG[2:], (64, 48), id="a segment more"),
        pytest.param(JPEG[:2] + b"\xff\xff\xff" + JPEG[2:], (64, 48), id="fill bytes"),
        pytest.param(
            claiming(1000, 1000)[:-2] + b"0" * 2000 + b"\xff\xd9", (1000, 1000), id="as many pixels as allowed"
        ),
    ],
)
def test_reads_the_size(value: bytes, size: tuple[int, int]) -> None:
    assert check_jpeg(value, **LIMITS) == size


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (None, NotJpegError, r"the value is empty; expected a JPEG"),
        (b"", NotJpegError, r"the value is empty"),
        (picture(suffix=".png"), NotJpegError, r"looks like a PNG; expected a JPEG"),
        (b"GIF89a" + bytes(20), NotJpegError, r"looks like a GIF"),
        (picture(suffix=".bmp"), NotJpegError, r"looks like a BMP"),
        (picture(suffix=".webp"), NotJpegError, r"looks like a WebP"),
        (picture(suffix=".tiff"), NotJpegError, r"looks like a TIFF"),
        (b"hello, world", NotJpegError, r"looks like text \('hello, world'\)"),
        (b'{"frame": 1}', NotJpegError, r"looks like text"),
        (b"\0\0\0\x01\x67\x42", NotJpegError, r"looks like an H\.264 or H\.265 stream"),
        (b"\x8a\x00\xff", NotJpegError, r"looks like binary data \(8A 00 FF"),
        (JPEG[: len(JPEG) // 2], NotJpegError, r"cut off after [\d,]+ bytes; expected FF D9 at its end"),
        (JPEG[:-1], NotJpegError, r"cut off"),
        (JPEG[:SOF], NotJpegError, r"cut off after [\d,]+ bytes, before its frame header"),
        (JPEG[: SOF + 7], NotJpegError, r"cut off in its frame header"),
        (b"\xff\xd8\xff", NotJpegError, r"cut off after 3 bytes"),
        (b"\xff\xd8\xff\xd9\0\0", NotJpegError, r"no frame header \(SOF\) before byte 2"),
        (b"\xff\xd8\xff\xe0\x00\x00\xff\xd9", NotJpegError, r"segment of length 0 at byte 2"),
        (b"\xff\xd8\xff\xe0\x00\x02\x12\x34\x56\x78", NotJpegError, r"has 12 at byte 6; expected a marker"),
        (claiming(0, 48), NotJpegError, r"header says 0×48 pixels"),
        (claiming(20_000, 20_000), FrameTooLargeError, r"claims 20,000×20,000 = 400,000,000 pixels; .* 1,000,000"),
        (
            claiming(1000, 999)[:1900],
            NotJpegError,
            r"1,000×999 = 999,000 pixels, which [\d,]+ bytes cannot hold",
        ),
        (JPEG[: SOF + 9] + b"\2" + JPEG[SOF + 10 :], NotJpegError, r"has 2 components; expected 1 .*, 3 .* or 4"),
        (JPEG[: SOF + 4] + b"\x0c" + JPEG[SOF + 5 :], NotJpegError, r"has 12 bits a sample; expected 8"),
        (JPEG[:-2] + JPEG[SOF:], NotJpegError, r"second frame header \(SOF\) at byte"),
        (JPEG[: SOF + 19] + b"\xff\xd9", NotJpegError, r"without a picture; expected a scan"),
        (JPEG + b"PK\3\4", NotJpegError, r"has 4 bytes behind its end"),
        (JPEG[:2] + b"\xff\xfe\0\2" * 1001 + JPEG[2:], NotJpegError, r"more than 1,000 segments"),
        (JPEG + bytes(100_000), FrameTooLargeError, r"has 1\d\d,\d{3} bytes; expected at most 100,000"),
    ],
)
def test_says_what_is_wrong(value: bytes | None, error: type[FrameError], message: str) -> None:
    with pytest.raises(error, match=message):
        check_jpeg(value, **LIMITS)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=64).map(lambda tail: b"\xff\xd8\xff" + tail) | st.binary(max_size=64))
def test_garbage_is_a_frame_error_or_a_size(value: bytes) -> None:
    try:
        width, height = check_jpeg(value, **LIMITS)
    except FrameError as error:
        assert str(error)
    else:
        assert 0 < width * height <= LIMITS["limit_pixels"]


def test_every_truncation_is_noticed() -> None:
    for end in range(len(JPEG)):
        with pytest.raises(NotJpegError):
            check_jpeg(JPEG[:end], **LIMITS)


def marked(marker: int) -> bytes:
    return JPEG[: SOF + 1] + bytes([marker]) + JPEG[SOF + 2 :]


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2])
def test_kinds_that_are_taken(marker: int) -> None:
    assert check_jpeg(marked(marker), **LIMITS) == (64, 48)


@pytest.mark.parametrize(("marker", "kind"), [(0xC3, 3), (0xC9, 9), (0xCF, 15)])
def test_kinds_that_nobody_could_look_at(marker: int, kind: int) -> None:
    with pytest.raises(NotJpegError, match=rf"kind SOF{kind}; expected SOF0"):
        check_jpeg(marked(marker), **LIMITS)


@pytest.mark.parametrize("marker", [0xC4, 0xCC])
def test_tables_are_no_frame_headers(marker: int) -> None:
    with pytest.raises(NotJpegError, match="no frame header"):
        check_jpeg(marked(marker), **LIMITS)


@pytest.mark.parametrize("marker", [0x00, 0x02, 0xBF, 0xC8, 0xD8, 0xF0])
def test_what_libjpeg_gives_up_on_hides_no_other_header(marker: int) -> None:
    """Otherwise this parser would leap over the real frame header, to one that claims less."""
    value = JPEG[:2] + bytes([0xFF, marker]) + JPEG[4:]
    with pytest.raises(NotJpegError, match=rf"FF {marker:02X} at byte 2; expected a marker of a segment"):
        check_jpeg(value, **LIMITS)
