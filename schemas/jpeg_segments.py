"""The segments of a JPEG, found as libjpeg finds them, so that no other header than the one it reads is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.errors import NotJpegError

END_OF_IMAGE: Final = 0xD9
START_OF_SCAN: Final = 0xDA
FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 … SOF15; the three others in that range are DHT, JPG and DAC."""
SEGMENTS: Final = 1000
"""More than any camera or editor writes; a megabyte could hold a quarter of a million, for nothing but the walk."""

_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length: TEM and RST0 … RST7."""
_WITH_LENGTH: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xDE), *range(0xE0, 0xF0), 0xFE}) - {0xC8}
"""SOFn, DHT, DAC, SOS, DQT, DNL, DRI, APPn and COM: libjpeg gives up on any other, a second SOI among them."""
_MARKER: Final = re.compile(rb"\xff+([^\xff])")
_BEHIND_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In a scan's data a zero follows each FF, and restart markers stand between its parts."""


class Segment(NamedTuple):
    """One segment: its marker's second byte and where that begins, and where its content begins and ends."""

    marker: int
    at: int
    start: int
    end: int


def segments(value: bytes) -> Iterator[Segment]:
    """The segments behind the start of the image, up to its end, or to where `value` is cut off.

    Raises:
        NotJpegError: There is something that no JPEG has, or more segments than `SEGMENTS`.
    """
    position = 2
    for _ in range(SEGMENTS):
        found = _MARKER.match(value, position)
        if found is None:
            _check_cut(value, position)
            return
        marker = found[1][0]
        position = found.end()
        if marker in _STANDALONE:
            continue
        if marker == END_OF_IMAGE:
            yield Segment(marker, found.start(), position, position)
            return
        segment = _with_length(value, marker, found.start(), position)
        if segment is None:
            return
        yield segment
        position = segment.end
        if marker == START_OF_SCAN:
            behind = _BEHIND_SCAN.search(value, position)
            if behind is None:
                return
            position = behind.start()
    raise NotJpegError(f"the JPEG has more than {SEGMENTS:,} segments; expected at most so many")


def _with_length(value: bytes, marker: int, at: int, position: int) -> Segment | None:
    if marker not in _WITH_LENGTH:
        raise NotJpegError(f"the JPEG has FF {marker:02X} at byte {at:,}; expected a marker of a segment")
    if position + 2 > len(value):
        return None
    length = int.from_bytes(value[position : position + 2], "big")
    if length < 2:
        raise NotJpegError(f"the JPEG has a segment of length {length} at byte {at:,}; expected 2 or more")
    return Segment(marker, at, position + 2, position + length)


def _check_cut(value: bytes, position: int) -> None:
    if position < len(value) and value[position] != 0xFF:
        raise NotJpegError(f"the JPEG has {value[position]:02X} at byte {position:,}; expected a marker, FF")
