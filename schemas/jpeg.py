"""What can be said of a JPEG without decoding it: that it is one, that it is whole, and what decoding it will cost."""

from __future__ import annotations

from typing import Final

from schemas.errors import FrameTooLargeError, NotJpegError
from schemas.jpeg_segments import END_OF_IMAGE, FRAME_HEADERS, START_OF_SCAN, Segment, segments

STARTS: Final = b"\xff\xd8\xff"
"""What every JPEG begins with."""
_END: Final = b"\xff\xd9"
_PADDING: Final = b"\0\r\n"
"""What cameras and multipart streams leave behind the last marker."""
_KINDS: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended, progressive. Browsers show no other, and so nobody could look at what was inferred."""
_COMPONENTS: Final = frozenset({1, 3, 4})
"""Grey; YCbCr or RGB; CMYK or YCCK."""
_PIXELS_PER_BYTE: Final = 512
"""A Huffman code has one bit at least, and each block of 8 × 8 pixels one code: fewer bytes cannot be the picture."""
SCANS: Final = 100
_SCANNED: Final = 5
"""A decoder walks the whole picture for each scan, however few bytes that has. Five scans of the largest picture may be
walked, ten (what libjpeg writes for a progressive one) of one half as large, and never more than `SCANS`."""

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
        NotJpegError: The value is empty, is something else than a JPEG, is cut off, or is of a kind that is not taken.
        FrameTooLargeError: It has more bytes, or its header claims more pixels, than the limits, or too many scans.
    """
    if not value:
        raise NotJpegError("the value is empty; expected a JPEG")
    if len(value) > limit_bytes:
        raise FrameTooLargeError(f"the JPEG has {len(value):,} bytes; expected at most {limit_bytes:,}")
    if not value.startswith(STARTS):
        raise NotJpegError(f"the value looks like {_resembles(value)}; expected a JPEG, which begins with FF D8 FF")
    size: tuple[int, int] | None = None
    scans = 0
    for segment in segments(value):
        if segment.marker in FRAME_HEADERS:
            if size:
                raise NotJpegError(f"the JPEG has a second frame header (SOF) at byte {segment.at:,}; expected one")
            size = _size(value, segment)
            _check_pixels(value, *size, limit=limit_pixels)
        elif segment.marker in {START_OF_SCAN, END_OF_IMAGE}:
            if size is None:
                raise NotJpegError(f"the JPEG has no frame header (SOF) before byte {segment.at:,}; expected one")
            if segment.marker == END_OF_IMAGE:
                _check_end(value, segment, scans)
                return size
            scans += 1
            _check_scans(scans, *size, limit_pixels=limit_pixels)
    missing = "; expected FF D9 at its end" if size else ", before its frame header (SOF)"
    raise NotJpegError(f"the JPEG is cut off after {len(value):,} bytes{missing}")


def _size(value: bytes, segment: Segment) -> tuple[int, int]:
    """Width and height from a frame header: precision (1 byte), height (2), width (2), components (1), …."""
    header = value[segment.start : segment.end]
    if len(header) < 6:
        raise NotJpegError("the JPEG is cut off in its frame header (SOF)")
    precision, components = header[0], header[5]
    height, width = int.from_bytes(header[1:3], "big"), int.from_bytes(header[3:5], "big")
    if segment.marker not in _KINDS:
        kind = segment.marker - 0xC0
        raise NotJpegError(
            f"the JPEG is of the kind SOF{kind}; expected SOF0 or SOF1 (baseline), or SOF2 (progressive)"
        )
    if precision != 8:
        raise NotJpegError(f"the JPEG has {precision} bits a sample; expected 8")
    if components not in _COMPONENTS:
        raise NotJpegError(f"the JPEG has {components} components; expected 1 (grey), 3 (colour) or 4 (CMYK)")
    if not (width and height):
        raise NotJpegError(f"the JPEG's header says {width}×{height} pixels; expected 1×1 or more")
    return width, height


def _check_pixels(value: bytes, width: int, height: int, *, limit: int) -> None:
    claim = f"the JPEG's header claims {width:,}×{height:,} = {width * height:,} pixels"
    if width * height > limit:
        raise FrameTooLargeError(f"{claim}; expected at most {limit:,}")
    least = -(-width * height // _PIXELS_PER_BYTE)
    if len(value) < least:
        raise NotJpegError(f"{claim}, which {len(value):,} bytes cannot hold; expected {least:,} or more")


def _check_scans(scans: int, width: int, height: int, *, limit_pixels: int) -> None:
    allowed = min(SCANS, _SCANNED * limit_pixels // (width * height))
    if scans > allowed:
        raise FrameTooLargeError(
            f"the JPEG has more than {allowed} scans of {width:,}×{height:,} pixels; expected at most so many"
        )


def _check_end(value: bytes, end: Segment, scans: int) -> None:
    if not scans:
        raise NotJpegError(f"the JPEG ends at byte {end.at:,} without a picture; expected a scan (SOS) before that")
    if not value.rstrip(_PADDING).endswith(_END):
        more = len(value) - end.end
        raise NotJpegError(f"the JPEG has {more:,} bytes behind its end; expected FF D9 at its end, and then nothing")


def _resembles(value: bytes) -> str:
    for offset, signature, name in _SIGNATURES:
        if value[offset : offset + len(signature)] == signature:
            return name
    head = value[:16]
    if all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in head):
        return f"text ({head.decode('ascii')!r})"
    return f"binary data ({head[:8].hex(' ').upper()} …)"
