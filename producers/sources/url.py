"""An RTSP or HTTP camera, or a video file behind HTTP."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import cv2

from producers.sources.body import Body
from producers.sources.capture import Capture
from producers.sources.hls import MARK, HlsFeed
from producers.sources.http import HttpClient, HttpFeed
from producers.sources.password import read_password
from producers.sources.rtsp import RtspRelay
from producers.sources.rules import SourceRules
from producers.sources.source import Picture
from schemas.cameras import check_source
from schemas.errors import SourceError
from schemas.redaction import redact

TIMEOUT_S: Final = 5.0
"""How long opening, and each picture, may take."""
_EXPECTED: Final = "expected a video stream that FFmpeg reads"


class UrlSource:
    """The stream behind `url`: live, and broken when it ends; a finite file behind HTTP counts as recorded.

    FFmpeg opens no address: RTSP goes through a relay of ours, HTTP is fetched by us, and both keep to `rules`.
    """

    def __init__(
        self, url: str, *, rules: SourceRules | None = None, loop: bool = False, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._url = url
        self._shown = redact(url)
        self._rules = rules or SourceRules()
        self._timeout_s = timeout_s
        self._loop = loop
        self._way: _Rtsp | _Http = self._open()
        self.live = not self._way.recorded

    @property
    def fps(self) -> float | None:
        return self._way.capture.fps

    def read(self) -> Picture | None:
        picture = self._way.read()
        if picture is None and self._loop and not self.live:
            self._way.close()
            self._way = self._open()
            picture = self._way.read()
        if picture is None and (self.live or self._loop or self._way.trouble):
            trouble = self._way.trouble or f"the stream ended or stood still for {self._timeout_s:g} s"
            raise SourceError(f"source {self._shown!r}: {trouble}")
        return picture

    def close(self) -> None:
        self._way.close()

    def _open(self) -> _Rtsp | _Http:
        check_source(self._url)
        try:
            password = read_password(self._url, self._rules.passwords)
            way = _Rtsp if urlsplit(self._url).scheme.lower().startswith("rtsp") else _Http
            return way(self._url, password, self._rules, shown=self._shown, timeout_s=self._timeout_s)
        except SourceError as error:
            if str(error).startswith("source "):
                raise
            raise type(error)(f"source {self._shown!r}: {error}") from None
        except ValueError as error:
            raise SourceError(f"source {self._shown!r}: {error}; expected a URL") from None


class _Rtsp:
    """A stream through the relay; FFmpeg logs in."""

    recorded = False

    def __init__(self, url: str, password: str | None, rules: SourceRules, *, shown: str, timeout_s: float) -> None:
        self._shown = shown
        self._relay = RtspRelay(url, password, rules, timeout_s=timeout_s)
        milliseconds = round(timeout_s * 1000)
        options = {
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: milliseconds,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC: milliseconds,
            cv2.CAP_PROP_N_THREADS: 1,
        }
        trouble = f"no stream within {timeout_s:g} s; {_EXPECTED}"
        try:
            self.capture = Capture(self._relay.url, cv2.CAP_FFMPEG, options, trouble=trouble)
        except SourceError as error:
            self._relay.close()
            raise SourceError(self._relay.trouble or str(error)) from None

    @property
    def trouble(self) -> str | None:
        return self._relay.trouble

    def read(self) -> Picture | None:
        return self.capture.read(self._shown)

    def close(self) -> None:
        self.capture.close()
        self._relay.close()


class _Http:
    """A video, a camera's stream of JPEGs or a playlist; we fetch, FFmpeg gets bytes."""

    def __init__(self, url: str, password: str | None, rules: SourceRules, *, shown: str, timeout_s: float) -> None:
        self._shown = shown
        client = HttpClient.for_source(url, password, rules, timeout_s=timeout_s)
        feed = HttpFeed(client, url)
        playlist = HlsFeed(client, feed) if feed.peek(len(MARK)) == MARK else None
        self._body = Body(playlist or feed)
        self._stall_s = playlist.stall_s if playlist else timeout_s
        self._body.allow(self._stall_s)
        # The body has the deadlines: FFmpeg's would count while we wait for a playlist's next segment.
        options = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 0, cv2.CAP_PROP_READ_TIMEOUT_MSEC: 0, cv2.CAP_PROP_N_THREADS: 1}
        trouble = f"no stream within {self._stall_s:g} s; {_EXPECTED}"
        try:
            self.capture = Capture(self._body, cv2.CAP_FFMPEG, options, trouble=trouble)
        except SourceError as error:
            self._body.close()
            raise SourceError(f"{error} ({self._body.error})" if self._body.error else str(error)) from None
        self.recorded = self.capture.finite or (playlist.ended if playlist else feed.size is not None)

    @property
    def trouble(self) -> str | None:
        return self._body.error

    def read(self) -> Picture | None:
        self._body.allow(self._stall_s)
        return self.capture.read(self._shown)

    def close(self) -> None:
        self.capture.close()
        with suppress(OSError):
            self._body.close()
