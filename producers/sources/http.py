"""HTTP for camera sources: redirects, Basic and Digest, ranges; every connection is dialled under the rules."""

from __future__ import annotations

import http.client
import io
import re
import socket
import time
import urllib.error
import urllib.request
import urllib.response
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from producers.sources.dial import dial, wrap_tls
from producers.sources.rules import SourceRules
from schemas.errors import SourceError
from schemas.printable import printable
from schemas.redaction import redact

REDIRECTS: Final = 5
_SKIP: Final = 64 * 1024
"""Bytes ahead that are read past: a new request would take longer."""
_REASON: Final = 80
"""Characters of what a server says about an error that are shown."""
_TOTAL: Final = re.compile(r"bytes (\d+)-\d+/(\d+)$")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a password is for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str | SplitResult) -> Origin:
        """The origin of a URL.

        Raises:
            SourceError: The URL names no host, or no port that can be.
        """
        parts = urlsplit(url) if isinstance(url, str) else url
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise SourceError(f"{redact(parts.geturl())!r}: {error}; expected a port of 1 to 65535") from None
        if not parts.hostname:
            raise SourceError(f"{redact(parts.geturl())!r}: it names no host; expected {parts.scheme}://HOST/…")
        return cls(parts.scheme, parts.hostname, port)


@dataclass(frozen=True, slots=True)
class HttpClient:
    """Fetches under the rules; the password goes to the origin that it is for, wherever redirects lead."""

    rules: SourceRules
    timeout_s: float
    origin: Origin
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def for_source(cls, url: str, password: str | None, rules: SourceRules, *, timeout_s: float) -> HttpClient:
        """A client for the camera at `url`, whose userinfo names its user."""
        user = urlsplit(url).username
        return cls(rules, timeout_s, Origin.of(url), unquote(user) if user else None, password)

    def get(self, url: str, *, first: int = 0, last: int | None = None) -> Answer:
        """The answer to a GET of `url` from the byte `first` on; each answer's head must come within `timeout_s`.

        Raises:
            SourceRefusedError: It, or what it redirects to, is at an address that the rules forbid.
            SourceError: Nobody answers, or the answer is an error.
        """
        headers = {"User-Agent": "framebus", "Range": f"bytes={first}-{'' if last is None else last}"}
        plain = without_userinfo(url)
        try:
            request = urllib.request.Request(plain, headers=headers)  # noqa: S310  # the opener knows only http, https
            answer: Answer = self._opener().open(request, timeout=self.timeout_s)
        except urllib.error.HTTPError as error:
            error.close()
            reason = printable(str(error.reason), _REASON)
            raise SourceError(f"{redact(error.url)}: the server answers {error.code} {reason}") from None
        except urllib.error.URLError as error:
            raise SourceError(f"{redact(plain)}: {error.reason}") from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            said = printable(redact(str(error)).strip(), _REASON)
            raise SourceError(f"{redact(plain)}: {type(error).__name__}: {said}") from None
        return answer

    def find_user_password(self, _realm: str | None, url: str) -> tuple[str | None, str | None]:
        """User and password for `url`, as urllib's handlers ask for them."""
        known = self.user is not None and self.password is not None and Origin.of(url) == self.origin
        return (self.user, self.password) if known else (None, None)

    def add_password(self, *_: object) -> None:
        """Passwords are given once, at the beginning: urllib's handlers demand that this exists."""

    def _opener(self) -> urllib.request.OpenerDirector:
        """An opener with nothing but what is listed: no proxies, no `file:`, `data:` or `ftp:`."""
        opener = urllib.request.OpenerDirector()
        passwords: Any = self
        for handler in (
            _Handler(self.rules),
            _Redirects(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPDigestAuthHandler(passwords),
            urllib.request.UnknownHandler(),
        ):
            opener.add_handler(handler)
        return opener


class HttpFeed:
    """The bytes behind a URL, in order, or from anywhere where the server knows ranges."""

    def __init__(self, client: HttpClient, url: str, *, first: int = 0, length: int | None = None) -> None:
        self._client = client
        self._url = url
        self._first = first
        self._length = length
        self._place = 0
        self._pushed = b""
        self._answer: Answer | None = self._open()
        self.kind = printable(self._answer.headers.get("Content-Type", ""), _REASON)
        """What the server says that it sends, as `text/html`; empty where it says nothing."""
        total = _TOTAL.match(self._answer.headers.get("Content-Range", ""))
        self._ranges = self._answer.status == http.HTTPStatus.PARTIAL_CONTENT and total is not None
        self.size = length if length is not None else int(total[2]) if total and self._ranges else None
        if first and not self._ranges:
            self.close()
            raise SourceError(f"{redact(url)}: the server ignores ranges; expected it to send bytes {first}-…")

    @property
    def url(self) -> str:
        """Where it is, after redirects."""
        return self._answer.url if self._answer is not None else self._url

    def peek(self, size: int) -> bytes:
        """The first `size` bytes, or fewer at the end; they are read again afterwards."""
        while len(self._pushed) < size and (more := self._receive(size)):
            self._pushed += more
        return self._pushed[:size]

    def read(self, size: int) -> bytes:
        data, self._pushed = self._pushed[:size], self._pushed[size:]
        if not data:
            left = size if self._length is None else min(size, self._length - self._place)
            data = self._receive(left) if left > 0 else b""
        self._place += len(data)
        if not data and self.size is not None and self._place < self.size:
            raise SourceError(f"{redact(self._url)}: it ended at byte {self._place}; expected {self.size}")
        return data

    def seek(self, offset: int, whence: int) -> int:
        if self.size is None:
            return -1
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        target = base + offset
        if not 0 <= target <= self.size:
            return -1
        if 0 <= target - self._place <= _SKIP:
            while self._place < target and self.read(target - self._place):
                pass
        if target != self._place:
            self.close()
            self._place = target
        return target

    def close(self) -> None:
        self._pushed = b""
        if self._answer is not None:
            with suppress(OSError):
                self._answer.close()
            self._answer = None

    def _receive(self, size: int) -> bytes:
        if self._answer is None:
            if self._place == self.size:
                return b""
            self._answer = self._open()
        try:
            self._answer.allow(self._client.timeout_s)
            return self._answer.read1(size)
        except (OSError, http.client.HTTPException) as error:
            why = "nothing more came in time" if isinstance(error, TimeoutError) else str(error) or "it broke off"
            raise SourceError(f"{redact(self._url)}: {why}") from None

    def _open(self) -> Answer:
        last = None if self._length is None else self._first + self._length - 1
        return self._client.get(self._url, first=self._first + self._place, last=last)


def without_userinfo(url: str) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Answer(http.client.HTTPResponse):
    """An answer that comes in time or not at all: a socket's own timeout begins anew with each byte that trickles."""

    def __init__(self, connection: socket.socket, *_: object, method: str | None = None, seconds: float) -> None:
        super().__init__(connection, method=method)
        self.fp.close()
        self._timed = _Timed(connection, seconds)
        self.fp = io.BufferedReader(self._timed)

    def allow(self, seconds: float) -> None:
        """Let it take so long from now."""
        self._timed.until = time.monotonic() + seconds


class _Timed(io.RawIOBase):
    """What comes over a connection until a moment."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)  # keeps the connection open when urllib lets go of it

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int | None:  # type: ignore[override]  # 3.11 names no Buffer
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """urllib follows to http and https only (and to ftp, which our opener does not know)."""

    max_redirections = REDIRECTS

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> urllib.response.addinfourl | None:
        """Follow; what the redirect itself says is not read: urllib would, however much that is."""
        fp.close()
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Handler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """http and https over connections that are dialled under the rules."""

    def __init__(self, rules: SourceRules) -> None:
        urllib.request.HTTPHandler.__init__(self)
        self._rules = rules

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Connection, rules=self._rules), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_TlsConnection, rules=self._rules), request)


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str, *, rules: SourceRules, timeout: float) -> None:
        super().__init__(host, timeout=timeout)
        self.response_class = partial(Answer, seconds=timeout)  # type: ignore[assignment]  # it is only called
        self._rules = rules
        self._seconds = timeout

    def connect(self) -> None:
        self.sock = self._dial()

    def _dial(self) -> socket.socket:
        return dial(self.host, self.port, self._rules, timeout_s=self._seconds)


class _TlsConnection(_Connection):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        self.sock = wrap_tls(self._dial(), self.host, self._rules)
