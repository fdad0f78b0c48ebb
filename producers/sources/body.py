"""Bytes for FFmpeg: what it reads of a file or a camera, with a deadline, and without a way for errors to escape."""

from __future__ import annotations

import io
import sys
import time
from typing import Any, Final, Protocol

from producers.sources.forgotten import ForgottenNames
from schemas.errors import SourceError


class Feed(Protocol):
    """Where the bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, as soon as there are any; none at the end."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """Go on elsewhere; the place, or -1 where it cannot be done."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


_BACK: Final = 16 * 1024
"""FFmpeg reads in pieces of 4 KiB, and goes back by less than two of them."""


class Body(io.BufferedIOBase):
    """A feed as OpenCV reads it. An error is kept in `error` and looks like the end to FFmpeg.

    Where the feed cannot seek, what was read last is kept: FFmpeg takes everything that OpenCV hands it for seekable,
    and goes back a little when it has found where a JPEG without a length ends.

    An exception that left `read` or `seek` would pass through OpenCV's C++ and end the process.
    """

    def __init__(self, feed: Feed) -> None:
        self._names = ForgottenNames()
        self._feed = feed
        self._deadline = float("inf")
        self._end = 0
        """Bytes that came from the feed, or its place after it was sought in."""
        self._past = b""
        """The last of them."""
        self._again = 0
        """How many of these are to be read once more."""
        self.error: str | None = None

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401
        plain = sys.intern(name)
        if plain is not name:  # it was made for this call: names in Python's code are interned
            super().__getattribute__("_names").keep(name)
        return super().__getattribute__(plain)

    def allow(self, seconds: float) -> None:
        """Let reading go on for so long from now; then it fails, however fast bytes trickle in."""
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if self.error is not None:
            return b""
        if time.monotonic() > self._deadline:
            self.error = "no whole picture in time"
            return b""
        wanted = size if size and size > 0 else io.DEFAULT_BUFFER_SIZE
        if self._again:
            first = len(self._past) - self._again
            data = self._past[first : first + wanted]
            self._again -= len(data)
            return data
        try:
            data = self._feed.read(wanted)
        except Exception as error:  # the caller is C++: see above
            self.error = str(error) if isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
            return b""
        self._end += len(data)
        self._past = (self._past + data)[-_BACK:]
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            place = self._feed.seek(offset, whence)
        except Exception:  # the caller is C++: see above; FFmpeg goes on as with a source that cannot seek
            return -1
        if place >= 0:
            self._end, self._past, self._again = place, b"", 0
            return place
        back = self._end - offset
        if whence == io.SEEK_SET and 0 <= back <= len(self._past):
            self._again = back
            return offset
        return -1

    def close(self) -> None:
        if not self.closed:
            self._names.keep(None)
            self._feed.close()
        super().close()
