"""Networks from URLs, over a real server."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from processors.samples.urls import fetch_url
from schemas.catalogue import UrlFile
from schemas.errors import FetchError

NETWORK = b"a network" * 1000
SHA256 = hashlib.sha256(NETWORK).hexdigest()


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path.partition("=")[2]) or f"{self.server.url}/best.onnx")
            self.end_headers()
            return
        if self.path.startswith("/gone"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(NETWORK)))
        self.end_headers()
        self.wfile.write(NETWORK[:100] if self.path.startswith("/cut") else NETWORK)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_network_is_fetched_once(server: _Server, tmp_path: Path) -> None:
    file = UrlFile(url=f"{server.url}/best.onnx?version=2", sha256=SHA256)
    told: list[int] = []
    path = fetch_url(file, tmp_path, lambda _label, done, _total: told.append(done))
    assert (path.name, path.read_bytes(), told[-1]) == ("network.onnx", NETWORK, len(NETWORK))
    assert fetch_url(file, tmp_path) == path
    assert len(server.asked) == 1


def test_what_was_damaged_in_the_cache_is_fetched_again(server: _Server, tmp_path: Path) -> None:
    file = UrlFile(url=f"{server.url}/best.onnx", sha256=SHA256)
    fetch_url(file, tmp_path).write_bytes(b"damaged")
    assert fetch_url(file, tmp_path).read_bytes() == NETWORK


def test_a_redirect_is_followed(server: _Server, tmp_path: Path) -> None:
    assert fetch_url(UrlFile(url=f"{server.url}/away.onnx", sha256=SHA256), tmp_path).read_bytes() == NETWORK


@pytest.mark.parametrize(
    ("path", "sha256", "says"),
    [
        ("/best.onnx", "0" * 64, f"sha256 is {SHA256}; expected {'0' * 64}"),
        ("/gone.onnx", SHA256, "HTTP Error 404: Not Found; expected the file"),
        ("/cut.onnx", SHA256, "expected the file"),
        ("/away.onnx?to=http://192.0.2.1/best.onnx", SHA256, "expected https://host/path; http:// only for this"),
        ("/away.onnx?to=file:///etc/best.onnx", SHA256, "expected the file"),
        ("/away.onnx?to=https://me%40192.0.2.1/best.onnx", SHA256, "there is a user in it"),
    ],
)
def test_what_is_not_the_network_is_refused(server: _Server, tmp_path: Path, path: str, sha256: str, says: str) -> None:
    with pytest.raises(FetchError, match=rf"^network {re.escape(server.url)}.*{re.escape(says)}"):
        fetch_url(UrlFile(url=f"{server.url}{path}", sha256=sha256), tmp_path)
    assert not list(tmp_path.rglob("*.onnx"))
