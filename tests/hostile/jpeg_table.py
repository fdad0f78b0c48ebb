"""Every kind of strange JPEG by name, and what becomes of it: inferred with a size, or refused with a reason."""

from __future__ import annotations

import io
import zipfile
from typing import NamedTuple

import cv2

from schemas.errors import FrameTooLargeError, NotJpegError
from tests.hostile import jpegs
from tests.hostile.jpegs import CMYK, EOI, FULL, GREY, HALVED, SOI, behind_start, comment, flat, photo, segment


class Case(NamedTuple):
    """A JPEG by name; `size` where it is inferred, else the error's class and what its message has."""

    name: str
    value: bytes
    size: tuple[int, int] | None
    error: str = ""
    reason: str = ""


def taken(name: str, value: bytes, width: int = 64, height: int = 48) -> Case:
    return Case(name, value, (width, height))


def refused(name: str, value: bytes, reason: str) -> Case:
    return Case(name, value, None, NotJpegError.__name__, reason)


def too_large(name: str, value: bytes, reason: str) -> Case:
    return Case(name, value, None, FrameTooLargeError.__name__, reason)


def archive(note: bytes = b"") -> bytes:
    """A ZIP archive, which readers look for from its end on."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("evil.txt", "payload")
        made.comment = note
    return buffer.getvalue()


PHOTO = photo()
SCRIPT = b"*/=alert(document.domain);/*"
MARKUP = b"<html><script>alert(1)</script>"

KINDS = [
    taken("baseline", PHOTO, 96, 64),
    taken("progressive", photo(96, 64, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), 96, 64),
    taken("optimised", photo(96, 64, cv2.IMWRITE_JPEG_OPTIMIZE, 1), 96, 64),
    taken("restart marker behind every unit", photo(96, 64, cv2.IMWRITE_JPEG_RST_INTERVAL, 1), 96, 64),
    taken("grey", flat(components=GREY)),
    taken("4:2:0", flat(components=HALVED)),
    taken("4:1:1", flat(components=(0x41, 0x11, 0x11))),
    taken("CMYK", flat(components=CMYK)),
    taken("CMYK of Photoshop", behind_start(flat(components=CMYK), jpegs.adobe(0))),
    taken("YCCK of Photoshop", behind_start(flat(components=CMYK), jpegs.adobe(2))),
    taken("RGB of Photoshop", behind_start(flat(), jpegs.adobe(0))),
    taken("an unknown colour transform", behind_start(flat(), jpegs.adobe(99))),
    taken("extended, 8 bits", flat(kind=1)),
    refused("extended, 12 bits", flat(kind=1, precision=12), "12 bits a sample; expected 8"),
    refused("extended, 16 bits", flat(kind=1, precision=16), "16 bits a sample; expected 8"),
    refused("lossless", jpegs.lossless(64, 48), "kind SOF3; expected SOF0 or SOF1"),
    refused("lossless, 16 bits", flat(kind=3, precision=16), "kind SOF3"),
    refused("hierarchical", flat(kind=5), "kind SOF5"),
    refused("arithmetic coding", flat(kind=9), "kind SOF9"),
    refused("arithmetic coding, progressive", flat(kind=10), "kind SOF10"),
    refused("two components", flat(components=(0x11, 0x11)), "2 components; expected 1"),
    refused("five components", flat(components=(0x11,) * 5), "5 components"),
    refused("no component", flat().replace(jpegs.frame_header(64, 48), jpegs.frame_header(64, 48, ())), "0 components"),
    refused("height 0, to come in a DNL", jpegs.claiming(64, 0), "64×0 pixels; expected 1×1"),
    refused("width 0", jpegs.claiming(0, 48), "0×48 pixels"),
    taken("one pixel", flat(1, 1), 1, 1),
    taken("65,500 pixels in a row", flat(65_500, 1), 65_500, 1),
    taken("65,500 pixels in a column", flat(1, 65_500), 1, 65_500),
    refused(
        "one more than libjpeg takes in a row", flat(65_501, 1), "65501×1 pixels in 6,291 bytes, cannot be decoded"
    ),
    taken("without Huffman tables, as MJPEG cameras send it", jpegs.without(PHOTO, 0xC4), 96, 64),
]

EXIF = [
    *(taken(f"orientation {turn}", behind_start(PHOTO, jpegs.exif(turn)), 96, 64) for turn in range(1, 9)),
    taken("orientation 65535", behind_start(PHOTO, jpegs.exif(65_535)), 96, 64),
    taken("a thumbnail inside", behind_start(PHOTO, jpegs.exif(1, flat(160, 120))), 96, 64),
    taken(
        "a thumbnail that claims 20,000²", behind_start(PHOTO, jpegs.exif(1, jpegs.claiming(20_000, 20_000))), 96, 64
    ),
    taken("Exif data cut off", behind_start(PHOTO, jpegs.exif(6)[:2] + b"\0\x10Exif\0\0II*\0\x08\0\0\0"), 96, 64),
    taken(
        "Exif that leads in a circle",
        behind_start(PHOTO, segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\x08\0\0\0")),
        96,
        64,
    ),
    taken("Exif of 65,535 entries", behind_start(PHOTO, segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff")), 96, 64),
    taken("a colour profile of noise", behind_start(PHOTO, segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(99))), 96, 64),
]

POLYGLOTS = [
    refused("a ZIP behind it", PHOTO + archive(), "bytes behind its end; expected FF D9 at its end"),
    taken("a ZIP behind it that ends as a JPEG", PHOTO + archive(EOI), 96, 64),
    taken("a ZIP in a comment", behind_start(PHOTO, comment(archive())), 96, 64),
    taken("a script in a comment", behind_start(PHOTO, comment(SCRIPT)), 96, 64),
    taken("a segment that begins a script's comment", behind_start(PHOTO, b"\xff\xe0/*" + bytes(0x2F2A - 2)), 96, 64),
    taken("a page in a comment", behind_start(PHOTO, comment(MARKUP)), 96, 64),
    refused("a page behind it", PHOTO + MARKUP, "31 bytes behind its end"),
    refused("a page before it", MARKUP + PHOTO, "looks like text"),
    refused("a PHP script behind it", PHOTO + b"<?php system('id');", "bytes behind its end"),
    refused("a GIF's header before it", b"GIF89a" + PHOTO, "looks like a GIF"),
    refused("a PNG", jpegs.encoded(".png"), "looks like a PNG"),
    refused(
        "a PNG behind a JPEG's start", b"\xff\xd8\xff" + jpegs.encoded(".png"), "FF 89 at byte 2; expected a marker"
    ),
    refused("a WebP", jpegs.encoded(".webp"), "looks like a WebP"),
    refused("a WebP's header before it", b"RIFF\0\0\0\0WEBP" + PHOTO, "looks like a WebP"),
    refused("a BMP", jpegs.encoded(".bmp"), "looks like a BMP"),
    refused("a TIFF", jpegs.encoded(".tiff"), "looks like a TIFF"),
    refused("a JPEG 2000", jpegs.encoded(".jp2"), "looks like binary data"),
    refused("an SVG with a script", b"<svg onload='alert(1)'/>", "looks like text"),
    refused("a PDF", b"%PDF-1.7\n" + PHOTO, "looks like a PDF"),
    refused("an MP4", b"\0\0\0\x18ftypisom" + PHOTO, "looks like an MP4"),
    refused("a frame of H.264", b"\0\0\0\x01\x67" + PHOTO, "looks like an H.264"),
    refused("gzip of nothing", b"\x1f\x8b\x08\0", "looks like gzip"),
    refused("text", b"hello\r\n\x1b[2J", "looks like"),
]

STRUCTURE = [
    refused("empty", b"", "the value is empty"),
    refused("only a start", SOI, "looks like binary data"),
    refused("start and end", SOI + EOI, "no frame header"),
    refused("two starts", SOI + PHOTO, "FF D8 at byte 2; expected a marker of a segment"),
    taken("two pictures, of which the first counts", PHOTO + flat(), 96, 64),
    taken("two ends", PHOTO + EOI, 96, 64),
    refused("a second frame header", flat()[:-2] + jpegs.frame_header(9, 9) + EOI, "second frame header"),
    refused("a frame header that hides behind FF 00", b"\xff\xd8\xff\0\0\x20" + flat()[2:], "FF 00 at byte 2"),
    refused("a scan before the frame header", SOI + jpegs.scan_header([1]) + flat()[2:], "no frame header"),
    refused("no scan", SOI + jpegs.frame_header(64, 48) + EOI, "without a picture"),
    refused("a segment of length 0", SOI + b"\xff\xe0\0\0" + PHOTO[2:], "segment of length 0 at byte 2"),
    refused("a segment longer than the rest", SOI + b"\xff\xe0\xff\xff" + PHOTO[2:], "cut off"),
    refused("no quantisation table", jpegs.without(flat(), 0xDB), "cannot be decoded"),
    refused(
        "a table with too many codes", flat().replace(jpegs.huffman(0, 0), jpegs.huffman(0, 0, lengths=(3,))), "decode"
    ),
    refused(
        "a scan of a component that is not there",
        flat().replace(b"\xff\xda\0\x0c\3\1", b"\xff\xda\0\x0c\3\7"),
        "decode",
    ),
    refused("sampling factors of 0", flat(components=(0x00, 0x11, 0x11)), "cannot be decoded"),
    refused("sampling factors of 15", flat(components=(0xFF, 0x11, 0x11)), "cannot be decoded"),
    taken("zero bytes behind it", PHOTO + bytes(1000), 96, 64),
    refused("noise behind it", PHOTO + b"\x13\x37", "2 bytes behind its end"),
    taken("scan data that is noise", flat()[:-2] + bytes(range(255)) * 9 + EOI),
    taken("a scan that ends at once", flat()[: flat().index(b"\xff\xda") + 14] + EOI),
    taken("restart markers alone", flat()[:-6] + b"\xff\xd0" * 9000 + EOI),
    taken("an interval of restarts that never come", behind_start(flat(), segment(0xDD, b"\0\1"))),
]

BOMBS = [
    too_large(
        "65,500 × 65,500 pixels", jpegs.claiming(65_500, 65_500), "4,290,250,000 pixels; expected at most 50,000,000"
    ),
    refused(
        "49 million pixels in 186 bytes", jpegs.claiming(7000, 7000), "which 186 bytes cannot hold; expected 95,704"
    ),
    taken("49 million pixels, all there", flat(7000, 7000, HALVED), 7000, 7000),
    taken("49 million pixels in five scans of CMYK", jpegs.progressive(7000, 7000, 5, CMYK), 7000, 7000),
    too_large("49 million pixels in six scans", jpegs.progressive(7000, 7000, 6), "more than 5 scans of 7,000×7,000"),
    taken("a hundred scans", jpegs.progressive(640, 360, 100), 640, 360),
    too_large("thousands of scans", jpegs.progressive(640, 360, 40_000), "more than 100 scans of 640×360 pixels"),
    too_large(
        "thousands of scans, none progressive", flat()[:-2] + (jpegs.scan_header([1]) + b"\0") * 9000 + EOI, "100 scans"
    ),
    taken("a comment of a megabyte", behind_start(flat(), *[comment(bytes(65_533))] * 15)),
    refused(
        "a quarter of a million comments", behind_start(flat(), comment(b"") * 250_000), "more than 1,000 segments"
    ),
    taken("a megabyte of fill bytes", behind_start(flat(), b"\xff" * 1_000_000)),
    refused("fill bytes without an end", SOI + b"\xff" * 1_000_000, "cut off"),
    taken(
        "a restart marker behind each unit of a large picture",
        behind_start(flat(4000, 4000), segment(0xDD, b"\0\1")),
        4000,
        4000,
    ),
    too_large(
        "one byte above the limit", flat() + bytes(1024 * 1024 + 1 - len(flat())), "1,048,577 bytes; expected at most"
    ),
    taken("just as many bytes as allowed", flat() + bytes(1024 * 1024 - len(flat()))),
]

TRUNCATED = [refused(f"cut off at byte {end}", PHOTO[:end], "") for end in range(0, len(PHOTO), 64)]

CASES: dict[str, list[Case]] = {
    "kinds": KINDS,
    "exif": EXIF,
    "polyglots": POLYGLOTS,
    "structure": STRUCTURE,
    "bombs": BOMBS,
    "truncated": TRUNCATED,
}
ALL = [case for cases in CASES.values() for case in cases]
__all__ = ["ALL", "CASES", "FULL", "Case"]
