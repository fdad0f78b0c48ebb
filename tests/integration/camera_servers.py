"""Cameras and web servers for tests, on real sockets of loopback: honest ones, and ones that lead elsewhere."""

from __future__ import annotations

import socket
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import cv2
import numpy as np

from producers.sources import barcode
from tests.planted import CAMERA_PASSWORD

PICTURES_A_CONNECTION = 40


def jpeg(number: int = 0) -> bytes:
    """A picture that says its number."""
    picture = np.full((240, 320, 3), 100, np.uint8)
    barcode.draw(picture, number)
    return bytes(cv2.imencode(".jpg", picture)[1])


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class MjpegCamera(_Quiet):
    """A camera as many are: multipart JPEGs over HTTP, for who knows the password; it hangs up after some pictures."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Basic " + b64encode(f"user:{CAMERA_PASSWORD}".encode()).decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera", charset="UTF-8"')
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(PICTURES_A_CONNECTION):
            content = jpeg(number)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
            with suppress(OSError):
                self.wfile.write(head.encode() + content + b"\r\n")
            time.sleep(0.01)  # the pace of a camera, not a wait for anything


class VideoFile(_Quiet):
    """A web server with one file; it answers range requests, as players of MP4 need."""

    video: Path

    def do_GET(self) -> None:
        content = self.video.read_bytes()
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        with suppress(OSError):  # the reader hangs up when it has what it wants
            self.wfile.write(content[first:])


@dataclass
class Page:
    """What a web server answers for one path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Site(_Quiet):
    """A web server with pages by path; what it was asked is in `asked`: path and Authorization."""

    pages: ClassVar[dict[str, Page]]
    asked: ClassVar[list[tuple[str, str | None]]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        page = self.pages.get(self.path, Page(status=404))
        self.send_response(page.status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(page.body)


def site(pages: Mapping[str, Page]) -> type[Site]:
    return type("OneSite", (Site,), {"pages": dict(pages), "asked": []})


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class TcpServer:
    """A server that answers each message up to an empty line with the next of its answers; `heard` is all it got."""

    port: int
    heard: bytes = b""


@contextmanager
def tcp_server(*answers: bytes) -> Iterator[TcpServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server = TcpServer(listener.getsockname()[1])
        stopped = False

        def serve() -> None:
            left = list(answers)
            while not stopped:
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(5)
                        _talk(connection, server, left)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            stopped = True
            thread.join()


def _talk(connection: socket.socket, server: TcpServer, left: list[bytes]) -> None:
    heard = b""
    with suppress(OSError):
        while data := connection.recv(65536):
            server.heard += data
            heard += data
            while b"\r\n\r\n" in heard and left:
                heard = heard.partition(b"\r\n\r\n")[2]
                connection.sendall(left.pop(0))
