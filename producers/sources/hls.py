"""HTTP Live Streaming (RFC 8216): playlists are read here, and FFmpeg gets their segments as one stream."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from producers.sources.http import HttpClient, HttpFeed
from schemas.errors import SourceError, SourceRefusedError
from schemas.redaction import redact

MARK: Final = b"#EXTM3U"
_LIMIT: Final = 1024 * 1024
"""Bytes that a playlist may have."""
_NESTED: Final = 3
"""Playlists on the way to segments: more is no camera's."""
_FROM_END: Final = 3
"""Segments before a live playlist's end at which one begins, as the RFC says."""
_LONGEST_S: Final = 60.0
"""Seconds that a segment may be said to last: how long a camera is waited for follows from it."""
_ATTRIBUTE: Final = re.compile(r'(?:\A|,)[ \t]*([A-Z0-9-]+)=("[^"]*"|[^,]*)')
"""Bound to what is before it: tried from every letter of a long word, a search would take hours."""


@dataclass(frozen=True, slots=True)
class Part:
    """A segment or its header: `length` bytes from `first` of what is at `url`, or all."""

    url: str
    first: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Playlist:
    """What a playlist says: `variants` (bits a second, URL) or `segments`, numbered from `sequence` on."""

    variants: tuple[tuple[int, str], ...]
    segments: tuple[tuple[Part | None, Part], ...]
    """Each with the header that it needs."""
    sequence: int
    target_s: float
    ended: bool


def parse(text: str, base: str) -> Playlist:
    """Read a playlist that was found at `base`.

    Raises:
        SourceRefusedError: It refers to something other than http and https.
        SourceError: It is encrypted, or not as the RFC says.
    """
    variants: list[tuple[int, str]] = []
    segments: list[tuple[Part | None, Part]] = []
    values = {"#EXT-X-MEDIA-SEQUENCE": 0.0, "#EXT-X-TARGETDURATION": 6.0}
    header: Part | None = None
    bandwidth: int | None = None
    ranged: str | None = None
    for line in (line.strip() for line in text.splitlines()):
        tag, _, value = line.partition(":")
        if tag in values:
            values[tag] = _number(value, line)
        elif tag == "#EXT-X-KEY" and _attributes(value).get("METHOD") != "NONE":
            raise SourceError(f"playlist {redact(base)!r}: it is encrypted; expected a playlist without EXT-X-KEY")
        elif tag == "#EXT-X-MAP":
            given = _attributes(value)
            header = _part(_inside(given.get("URI", ""), base), given.get("BYTERANGE"), None)
        elif tag == "#EXT-X-BYTERANGE":
            ranged = value
        elif tag == "#EXT-X-STREAM-INF":
            bandwidth = int(_number(_attributes(value).get("BANDWIDTH", "0"), line))
        elif line and not line.startswith("#"):
            url = _inside(line, base)
            if bandwidth is not None:
                variants.append((bandwidth, url))
            else:
                segments.append((header, _part(url, ranged, segments[-1][1] if segments else None)))
            bandwidth, ranged = None, None
    sequence, target_s = values.values()
    target_s = min(max(target_s, 0.5), _LONGEST_S)
    return Playlist(tuple(variants), tuple(segments), int(sequence), target_s, "#EXT-X-ENDLIST" in text)


class HlsFeed:
    """The segments of a playlist, one after the other; a live playlist is read again for more.

    Of several variants it takes the one with the most bits: each model's frames are sized by capture.
    """

    def __init__(self, client: HttpClient, feed: HttpFeed) -> None:
        """Begin with a feed that is a playlist."""
        self._client = client
        self._url = feed.url
        playlist = self._read(feed)
        for _ in range(_NESTED):
            if not playlist.variants:
                break
            self._url = max(playlist.variants)[1]
            playlist = self._fetch()
        if not playlist.segments:
            raise SourceError(f"playlist {redact(self._url)!r}: no segment in it; expected at least one")
        self.ended = playlist.ended
        self.stall_s = max(client.timeout_s, 3 * playlist.target_s)
        skipped = 0 if playlist.ended else max(0, len(playlist.segments) - _FROM_END)
        self._next = playlist.sequence + skipped
        self._header: Part | None = None
        self._parts: deque[Part] = deque()
        self._take(playlist)
        self._current: HttpFeed | None = None

    def read(self, size: int) -> bytes:
        deadline = time.monotonic() + self.stall_s
        while current := self._current or self._advance(deadline):
            if data := current.read(size):
                return data
            current.close()
            self._current = None
            if time.monotonic() > deadline:
                raise SourceError(f"playlist {redact(self._url)!r}: nothing but empty segments; expected pictures")
        return b""

    def seek(self, _offset: int, _whence: int) -> int:
        return -1

    def close(self) -> None:
        self._parts.clear()
        if self._current is not None:
            self._current.close()

    def _advance(self, deadline: float) -> HttpFeed | None:
        """Open the next part; None at the end, or when a live playlist has given nothing new by the deadline."""
        while not self._parts and not self.ended and time.monotonic() < deadline:
            playlist = self._fetch()
            self._take(playlist)
            self.ended = playlist.ended
            if not self._parts and not self.ended:
                time.sleep(min(playlist.target_s / 2, self.stall_s / 4))  # the RFC's pace for asking again
        if not self._parts:
            return None
        part = self._parts.popleft()
        self._current = HttpFeed(self._client, part.url, first=part.first, length=part.length)
        return self._current

    def _take(self, playlist: Playlist) -> None:
        """Queue the segments that were not taken yet, each header once."""
        for number, (header, part) in enumerate(playlist.segments, playlist.sequence):
            if number < self._next:
                continue
            if header is not None and header != self._header:
                self._parts.append(header)
                self._header = header
            self._parts.append(part)
            self._next = number + 1

    def _fetch(self) -> Playlist:
        feed = HttpFeed(self._client, self._url)
        return self._read(feed)

    def _read(self, feed: HttpFeed) -> Playlist:
        """Read the playlist that `feed` is, and close it."""
        base, text = feed.url, bytearray()
        deadline = time.monotonic() + self._client.timeout_s
        try:
            while len(text) <= _LIMIT and (data := feed.read(_LIMIT)):
                text += data
                if time.monotonic() > deadline:
                    raise SourceError(
                        f"playlist {redact(base)!r}: not all of it came within {self._client.timeout_s:g} s"
                    )
        finally:
            feed.close()
        if len(text) > _LIMIT or not text.startswith(MARK):
            raise SourceError(f"playlist {redact(base)!r}: {len(text)} bytes; expected #EXTM3U and at most {_LIMIT}")
        return parse(text.decode(errors="replace"), base)


def _inside(reference: str, base: str) -> str:
    try:
        url = urljoin(base, reference)
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme, url = "", reference
    if scheme not in ("http", "https"):
        raise SourceRefusedError(
            f"playlist {redact(base)!r}: it refers to {redact(url)[:200]!r}; expected http:// or https://"
        )
    return url


def _part(url: str, ranged: str | None, before: Part | None) -> Part:
    """The part that a byte range `length[@first]` cuts out; without `first` it follows the part before."""
    if ranged is None:
        return Part(url)
    length, _, first = ranged.strip('"').partition("@")
    if first:
        start = int(_number(first, ranged))
    else:
        start = before.first + (before.length or 0) if before is not None and before.url == url else 0
    return Part(url, start, int(_number(length, ranged)))


def _attributes(value: str) -> dict[str, str]:
    return {name: text.strip('"') for name, text in _ATTRIBUTE.findall(value)}


def _number(text: str, line: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 2**53:
        raise SourceError(f"playlist: {line[:80]!r}; expected a number")
    return number
