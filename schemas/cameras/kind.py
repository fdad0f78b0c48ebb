"""Which kind of source a camera's `source` string names: pure, so that nobody learns by it what files there are."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from schemas.errors import SourceError
from schemas.printable import printable, shown

EXPECTED: Final = (
    "a video file, a folder of pictures, rtsp[s]:// or http[s]://, a USB device's number, or pattern:[WIDTHxHEIGHT]"
)
DEFAULT_SIZE: Final = (640, 480)
_SCHEME: Final = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*)://")
_DEVICE: Final = re.compile("[0-9]{1,6}")
_NAME_BYTES: Final = 255
"""What Linux's file systems take as one name in a path."""
_PATTERN: Final = re.compile(r"^pattern:(?:(\d{2,4})x(\d{2,4}))?$")


class Kind(StrEnum):
    """The kinds of sources."""

    PATH = "path"
    URL = "url"
    USB = "usb"
    PATTERN = "pattern"


def kind_of(source: str) -> Kind:
    """The kind of source that `source` names.

    Raises:
        SourceError: It has the form of none of them. Whether it exists is not asked.
    """
    scheme = _SCHEME.match(source)
    if scheme:
        if scheme[1].lower() in ("rtsp", "rtsps", "http", "https"):
            return Kind.URL
        raise SourceError(f"source {shown(source)}: unknown scheme {printable(scheme[1], 32)}; expected {EXPECTED}")
    if source.startswith("pattern:"):
        pattern_size(source)
        return Kind.PATTERN
    if _DEVICE.fullmatch(source):
        return Kind.USB
    if "\0" in source:
        raise SourceError(f"source {shown(source)}: it has a character that no path can have; expected {EXPECTED}")
    if any(len(name.encode(errors="replace")) > _NAME_BYTES for name in source.split("/")):
        raise SourceError(f"source {shown(source)}: File name too long; expected {EXPECTED}")
    return Kind.PATH


def pattern_size(source: str) -> tuple[int, int]:
    """Width and height in pixels of the test pattern that `source` names.

    Raises:
        SourceError: It is no test pattern, or one too small for its bar code or too large to be meant.
    """
    match = _PATTERN.match(source)
    if match is None:
        raise SourceError(f"source {shown(source)}: expected pattern: or pattern:WIDTHxHEIGHT, as pattern:1280x720")
    if match[1] is None:
        return DEFAULT_SIZE
    width, height = int(match[1]), int(match[2])
    if not (128 <= width <= 7680 and 96 <= height <= 4320):
        raise SourceError(f"source {shown(source)}: size {width}x{height}; expected 128x96 to 7680x4320")
    return width, height
