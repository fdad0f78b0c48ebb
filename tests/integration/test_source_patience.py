"""Servers that never come to an end, or say too much: no camera is held up by one."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler
from threading import Event

import pytest

from producers.sources.url import UrlSource
from schemas.errors import SourceError
from tests.integration.camera_servers import Page, http_server, jpeg, site
from tests.integration.test_source_rules import LOCAL


def without_end(head: bytes, more: bytes, pause_s: float = 0.0) -> type[BaseHTTPRequestHandler]:
    """A server that says `head`, and then `more` again and again."""

    class Endless(BaseHTTPRequestHandler):
        sent = 0

        def do_GET(self) -> None:
            with suppress(OSError):
                self.wfile.write(head)
                while True:
                    self.wfile.write(more)
                    type(self).sent += len(more)
                    time.sleep(pause_s)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Endless


_LIVE = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"


@pytest.mark.parametrize(
    ("head", "more", "pause_s", "why"),
    [
        ("HTTP/1.0 302 Moved\r\nLocation: /v\r\n\r\n", "x" * 65536, 0.0, "infinite loop"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n", 0.0, "timed out"),
        ("HTTP/1.0 200 OK\r\nServer: ", "x", 0.1, "timed out"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x", 0.1, "nothing more came in time"),
        (f"HTTP/1.0 200 OK\r\n\r\n{_LIVE}", "#", 0.1, "not all of it came within 1 s"),
    ],
    ids=[
        "a redirect's body",
        "only 100 Continue",
        "a head that trickles",
        "a chunk's head",
        "a playlist that trickles",
    ],
)
def test_no_server_holds_a_camera_up(head: str, more: str, pause_s: float, why: str) -> None:
    endless = without_end(head.encode(), more.encode(), pause_s)
    started = time.monotonic()
    with http_server(endless) as address, pytest.raises(SourceError, match=why):
        UrlSource(f"{address}/v", rules=LOCAL, timeout_s=1)
    assert time.monotonic() - started < 30
    assert endless.sent < 50_000_000  # type: ignore[attr-defined]


def test_segments_without_anything_are_no_stream() -> None:
    lines = [line for number in range(30_000) for line in ("#EXTINF:1,", f"s{number % 7}.ts")]
    pages = {f"/s{number}.ts": Page() for number in range(7)}
    pages["/v"] = Page("\n".join(("#EXTM3U", "#EXT-X-TARGETDURATION:0", *lines, "#EXT-X-ENDLIST")).encode())
    with (
        http_server(site(pages)) as address,
        pytest.raises(SourceError, match="nothing but empty segments"),
    ):
        UrlSource(f"{address}/v", rules=LOCAL, timeout_s=1)


def test_what_a_server_says_about_an_error_is_short_and_printable() -> None:
    head = b"HTTP/1.0 500 \x1b[31m" + b"x" * 10_000 + b"\r\n\r\n"
    with http_server(without_end(head, b"x")) as address, pytest.raises(SourceError, match="answers 500") as caught:
        UrlSource(f"{address}/v", rules=LOCAL, timeout_s=1)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("length", ["Content-Length: {}\r\n", ""], ids=["with lengths", "without"])
def test_a_stream_of_jpegs_that_stands_still_has_failed(length: str) -> None:
    """The connection lives, and nothing more comes over it; not every camera says how long a JPEG is."""
    shown = [jpeg(number) for number in range(6)]
    head = "--frame\r\nContent-Type: image/jpeg\r\n{}\r\n"
    parts = b"".join(head.format(length.format(len(one))).encode() + one + b"\r\n" for one in shown)
    over = Event()

    class Still(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            self.wfile.write(parts)
            over.wait(30)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http_server(Still) as address, closing(UrlSource(f"{address}/v", rules=LOCAL, timeout_s=1)) as source:
        started, pictures = time.monotonic(), 0
        with pytest.raises(SourceError, match="nothing more came in time"):
            while source.read() is not None:
                pictures += 1
        over.set()
    assert pictures >= 4
    assert time.monotonic() - started < 10
