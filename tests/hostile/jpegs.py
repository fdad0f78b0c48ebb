"""JPEGs made by hand: every kind that the format knows, cheap to write and dear to decode."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
GREY: Sequence[int] = (0x11,)
FULL: Sequence[int] = (0x11, 0x11, 0x11)
HALVED: Sequence[int] = (0x22, 0x11, 0x11)
"""Sampling factors by component, as the frame header has them: horizontal in the high half, vertical in the low one."""
CMYK: Sequence[int] = (0x11, 0x11, 0x11, 0x11)


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def comment(content: bytes) -> bytes:
    return segment(0xFE, content)


def behind_start(value: bytes, *inserted: bytes) -> bytes:
    """`value`, a JPEG, with segments right behind its start."""
    return value[:2] + b"".join(inserted) + value[2:]


def adobe(transform: int) -> bytes:
    """Photoshop's segment: 0 says RGB or CMYK, 1 YCbCr, 2 YCCK."""
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def exif(orientation: int, thumbnail: bytes = b"") -> bytes:
    """Exif data with the orientation, 1 to 8, and a thumbnail, which is a JPEG in the JPEG."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    ifd0 = struct.pack("<H", 1) + entry
    second = 8 + len(ifd0) + 4
    thumbnail_at = second + 2 + 24 + 4
    ifd1 = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, thumbnail_at)
    ifd1 += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    tiff = b"II*\0" + struct.pack("<I", 8) + ifd0 + struct.pack("<I", second if thumbnail else 0)
    return segment(0xE1, b"Exif\0\0" + tiff + (ifd1 + thumbnail if thumbnail else b""))


def quantisation() -> bytes:
    return segment(0xDB, b"\0" + bytes([1]) * 64)


def huffman(kind: int, symbol: int, *, lengths: Sequence[int] = (1,)) -> bytes:
    """A table (`kind` 0: DC, 1: AC) with one code of one bit, for `symbol`."""
    return segment(0xC4, bytes([kind << 4, *lengths, *(0,) * (16 - len(lengths)), symbol]))


def frame_header(
    width: int, height: int, components: Sequence[int] = FULL, *, kind: int = 0, precision: int = 8
) -> bytes:
    """SOF`kind`."""
    parts = b"".join(bytes([number, factors, 0]) for number, factors in enumerate(components, 1))
    return segment(0xC0 + kind, struct.pack(">BHHB", precision, height, width, len(components)) + parts)


def scan_header(components: Iterable[int], *, first: int = 0, last: int = 63, approximation: int = 0) -> bytes:
    """SOS over the coefficients `first` to `last`."""
    parts = [bytes([number, 0]) for number in components]
    return segment(0xDA, bytes([len(parts)]) + b"".join(parts) + bytes([first, last, approximation]))


def blocks(width: int, height: int, components: Sequence[int]) -> int:
    """How many blocks of 8 × 8 samples a scan of all components has."""
    if len(components) == 1:
        return -(-width // 8) * -(-height // 8)
    across, down = max(factors >> 4 for factors in components), max(factors & 15 for factors in components)
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    return units * sum((factors >> 4) * (factors & 15) for factors in components)


def flat(
    width: int = 64, height: int = 48, components: Sequence[int] = FULL, *, kind: int = 0, precision: int = 8
) -> bytes:
    """A grey picture in the fewest bytes that hold it: two bits a block."""
    header = frame_header(width, height, components, kind=kind, precision=precision)
    tables = quantisation() + header + huffman(0, 0) + huffman(1, 0)
    data = bytes(-(-blocks(width, height, components) * 2 // 8))
    return SOI + tables + scan_header(range(1, len(components) + 1)) + data + EOI


def claiming(width: int, height: int, *, kind: int = 0) -> bytes:
    """A small picture whose header claims another size."""
    return flat(kind=kind).replace(frame_header(64, 48, kind=kind), frame_header(width, height, kind=kind))


def progressive(width: int, height: int, scans: int, components: Sequence[int] = FULL) -> bytes:
    """A grey picture in so many scans, all but the first a few bytes in which whole runs of blocks are passed over.

    The decoder looks at every coefficient of every block for each: the picture that costs most for its bytes.
    """
    header = quantisation() + frame_header(width, height, components, kind=2) + huffman(0, 0) + huffman(1, 0xE0)
    first = scan_header(range(1, len(components) + 1), last=0) + bytes(-(-blocks(width, height, components) // 8))
    bits = ("0" + "1" * 14) * -(-blocks(width, height, GREY) // 32767)  # each: 32,767 blocks without a coefficient
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    later = [
        scan_header([1], first=1, approximation=1 if number == 1 else 0x10) + data for number in range(1, max(scans, 1))
    ]
    return SOI + header + first + b"".join(later) + EOI


def lossless(width: int, height: int) -> bytes:
    """SOF3: one bit a sample."""
    scan = scan_header((1, 2, 3), first=1, last=0)
    return SOI + frame_header(width, height, kind=3) + huffman(0, 0) + scan + bytes(width * height * 3 // 8) + EOI


def without(value: bytes, marker: int) -> bytes:
    """`value` without its segments of this marker, up to the first scan."""
    kept, position = [value[:2]], 2
    while True:
        length = 2 + int.from_bytes(value[position + 2 : position + 4], "big")
        found = value[position + 1]
        if found != marker:
            kept.append(value[position : position + length])
        position += length
        if found == 0xDA:
            return b"".join(kept) + value[position:]


def photo(width: int = 96, height: int = 64, *options: int) -> bytes:
    """A picture with edges and noise, as OpenCV writes it; `options` as `cv2.imencode` takes them."""
    noise = np.random.default_rng(7).integers(0, 60, (height, width, 3), dtype=np.uint8)
    picture = cv2.circle(noise, (width // 2, height // 2), height // 3, (40, 200, 240), -1)
    done, encoded = cv2.imencode(".jpg", picture, options)
    assert done
    return encoded.tobytes()


def encoded(suffix: str) -> bytes:
    done, value = cv2.imencode(suffix, np.full((48, 64, 3), 90, np.uint8))
    assert done
    return value.tobytes()
