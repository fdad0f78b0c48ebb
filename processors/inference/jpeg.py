"""What can be said of a JPEG without decoding it: that it is one, that it is whole, and how large its picture is."""

from __future__ import annotations

from typing import Final

from schemas.errors import FrameTooLargeError, NotJpegError

_START: Final = b"\xff\xd8\xff"
_END: Final = b"\xff\xd9"
_PADDING: Final = b"\0\r\n"
"""What cameras and multipart streams leave behind the last marker."""
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 … SOF15; the three others in that range are DHT, JPG and DAC."""
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length: TEM and RST0 … RST7."""
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA

_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG"),
    (0, b"GIF8", "a GIF"),
    (8, b"WEBP", "a WebP"),
    (0, b"BM", "a BMP"),
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (4, b"ftypheic", "a HEIC"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftyp", "an MP4"),
    (0, b"\0\0\0\x01", "an H.264 or H.265 stream"),
    (0, b"%PDF", "a PDF"),
    (0, b"\x1f\x8b", "gzip data"),
)


def check_jpeg(value: bytes | None, *, limit_bytes: int, limit_pixels: int) -> tuple[int, int]:
    """The picture's width and height in pixels, as its header says.

    Raises:
        NotJpegError: The value is empty, is something else than a JPEG, or is cut off.
        FrameTooLargeError: It has more bytes, or its header claims more pixels, than the limits.
    """
    if not value:
        raise NotJpegError("the value is empty; expected a JPEG")
    if len(value) > limit_bytes:
        raise FrameTooLargeError(f"the JPEG has {len(value):,} bytes; expected at most {limit_bytes:,}")
    if not value.startswith(_START):
        raise NotJpegError(f"the value looks like {_resembles(value)}; expected a JPEG, which begins with FF D8 FF")
    width, height = _dimensions(value)
    if width * height > limit_pixels:
        claim = f"{width:,}×{height:,} = {width * height:,} pixels"
        raise FrameTooLargeError(f"the JPEG's header claims {claim}; expected at most {limit_pixels:,}")
    if not value.rstrip(_PADDING).endswith(_END):
        raise NotJpegError(f"the JPEG is cut off after {len(value):,} bytes; expected FF D9 at its end")
    return width, height


def _dimensions(value: bytes) -> tuple[int, int]:
    """Go from segment to segment, as far as the frame header that holds the size."""
    position = 2
    while True:
        while value[position : position + 1] == b"\xff" and value[position + 1 : position + 2] == b"\xff":
            position += 1  # fill bytes before a marker
        if position + 4 > len(value):
            raise NotJpegError(f"the JPEG is cut off after {len(value):,} bytes, before its frame header (SOF)")
        if value[position] != 0xFF:
            raise NotJpegError(f"the JPEG has {value[position]:02X} at byte {position:,}; expected a marker, FF")
        marker = value[position + 1]
        if marker in _STANDALONE:
            position += 2
            continue
        if marker in {_END_OF_IMAGE, _START_OF_SCAN}:
            raise NotJpegError(f"the JPEG has no frame header (SOF) before byte {position:,}; expected one")
        length = int.from_bytes(value[position + 2 : position + 4], "big")
        if marker in _FRAME_HEADERS:
            return _size(value[position + 4 : position + 2 + length])
        if length < 2:
            raise NotJpegError(f"the JPEG has a segment of length {length} at byte {position:,}; expected 2 or more")
        position += 2 + length


def _size(header: bytes) -> tuple[int, int]:
    """Width and height from a frame header: precision (1 byte), height (2), width (2), …."""
    if len(header) < 6:
        raise NotJpegError("the JPEG is cut off in its frame header (SOF)")
    height, width = int.from_bytes(header[1:3], "big"), int.from_bytes(header[3:5], "big")
    if not (width and height):
        raise NotJpegError(f"the JPEG's header says {width}×{height} pixels; expected 1×1 or more")
    return width, height


def _resembles(value: bytes) -> str:
    for offset, signature, name in _SIGNATURES:
        if value[offset : offset + len(signature)] == signature:
            return name
    head = value[:16]
    if all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in head):
        return f"text ({head.decode('ascii')!r})"
    return f"binary data ({head[:8].hex(' ').upper()} …)"
