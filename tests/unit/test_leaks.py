"""The search for secrets can fail: samples with a leak, one in each spelling."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.integration.camera_servers import Page, http_server, site
from tests.leaks import Leaks
from tests.planted import SECRETS, keep, may_hold

SAMPLE = "sample/of@a Sécret"
"""Not a planted one: the session's own search must not find it."""


def search(folder: Path) -> list[str]:
    leaks = Leaks(secrets={"SAMPLE": SAMPLE})
    leaks.scan([folder])
    return leaks.found


@pytest.mark.parametrize(
    "content",
    [
        SAMPLE.encode(),
        f"open rtsp://user:{quote(SAMPLE, safe='')}@cam/1 failed".encode(),
        quote(SAMPLE, safe="").replace("%2F", "%2f").replace("%C3%A9", "%c3%a9").replace("%40", "%40").encode(),
        json.dumps({"source": SAMPLE}).encode(),
        b"Authorization: Basic " + base64.b64encode(b"user:" + SAMPLE.encode()),
        b"Authorization: Basic " + base64.b64encode(b"admin:" + SAMPLE.encode()),
        b"Authorization: Basic " + base64.b64encode(b"u:" + SAMPLE.encode()),
        b"\x00" * 9_000_000 + SAMPLE.encode(),
        b"\x00" * (8 * 1024 * 1024 - 5) + SAMPLE.encode(),
    ],
    ids=["plain", "url", "small-url", "json", "basic-1", "basic-2", "basic-0", "far", "across-chunks"],
)
def test_a_leak_is_found_in_every_spelling(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "capture.log").write_bytes(b"harmless\n" + content)
    found = search(tmp_path)
    assert found
    assert all(one.startswith("SAMPLE (") and "logs/capture.log at byte " in one for one in found)


def test_what_leaks_nothing_is_found_innocent(tmp_path: Path) -> None:
    (tmp_path / "capture.log").write_text("open rtsp://user:***@cam/1 sample/of@a secret")
    (tmp_path / "00000.index").write_text(SAMPLE)
    assert search(tmp_path) == []


def test_a_secret_may_be_in_its_own_file_and_nowhere_else(tmp_path: Path) -> None:
    keep(tmp_path / "10.0.0.7", SAMPLE)
    assert search(tmp_path) == []
    (tmp_path / "copy").write_text(SAMPLE)
    assert f"SAMPLE (plain) in {tmp_path / 'copy'} at byte 0" in search(tmp_path)
    assert all(f" in {tmp_path / 'copy'} " in one for one in search(tmp_path))


@pytest.mark.parametrize(
    ("path", "name", "allowed"),
    [
        ("kafka0/test-1.cameras-0/0.log", "URL_PASSWORD", True),
        ("kafka0/test-1.cameras-0.0123abcd-delete/0.log", "URL_TOKEN", True),
        ("kafka0/test-1.cameras-0/0.log", "CAMERA_PASSWORD", False),
        ("kafka0/test-1.camera-status-0/0.log", "URL_PASSWORD", False),
        ("kafka0/kafka.log", "URL_PASSWORD", False),
        ("kafka0/test-1.skips-0/0.log", "HOSTILE_PASSWORD", True),
        ("kafka0/kafka.log", "HOSTILE_PASSWORD", False),
        ("test_wire0/capture.log", "HOSTILE_PASSWORD", False),
    ],
)
def test_the_places_are_listed(path: str, name: str, allowed: bool) -> None:
    assert may_hold(Path("/tmp/pytest", path), name) is allowed


@pytest.fixture
def leaks() -> Iterator[Leaks]:
    leaks = Leaks(secrets={"SAMPLE": SAMPLE})
    with leaks.watching():
        yield leaks


def places(leaks: Leaks) -> list[str]:
    return [one.rpartition(" at byte ")[0] for one in leaks.found]


def test_an_answer_over_http_is_searched_whoevers_client_asked(leaks: Leaks) -> None:
    pages = {"/cameras": Page(json.dumps({"source": SAMPLE}).encode()), "/moved": Page(b"", 302, {"location": SAMPLE})}
    with http_server(site(pages)) as address:
        assert httpx.get(f"{address}/cameras").json() == {"source": SAMPLE}
        with httpx.Client() as client:
            assert client.get(f"{address}/moved").status_code == 302
    assert places(leaks)[:2] == [
        f"SAMPLE (JSON) in the answer to GET {address}/cameras",
        f"SAMPLE (plain) in the answer to GET {address}/moved",
    ]


async def test_so_is_one_of_an_application_without_a_server(leaks: Leaks) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": SAMPLE.encode()})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application)) as client:
        await client.get("http://test/")
    assert "SAMPLE (plain) in the answer to GET http://test/" in places(leaks)


def test_a_stream_is_searched_as_it_is_read_and_across_its_chunks(leaks: Leaks) -> None:
    written = f"data: {SAMPLE}\n\n".encode()

    def answer(_: httpx.Request) -> httpx.Response:
        parts = (written[at : at + 4] for at in range(0, len(written), 4))
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=parts)

    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport) as client, client.stream("GET", "http://test/stream") as response:
        assert leaks.found == []
        assert list(response.iter_lines()) == [f"data: {SAMPLE}", ""]
    assert "SAMPLE (plain) in the answer to GET http://test/stream" in places(leaks)


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_command_said_is_searched(leaks: Leaks, stream: str, text: bool) -> None:
    code = f"import os, sys; print(os.environ['SAMPLE'], file=sys.{stream})"
    environ = {**os.environ, "SAMPLE": SAMPLE, "PYTHONUTF8": "1"}
    subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=text, check=True)
    assert any(place.startswith("SAMPLE (plain) in what [") for place in places(leaks))


def test_what_a_test_takes_out_of_its_output_is_searched(leaks: Leaks, capsys: pytest.CaptureFixture[str]) -> None:
    leaks.taken(capsys, "the output")
    sys.stderr.write(SAMPLE)
    assert capsys.readouterr().err == SAMPLE
    assert "SAMPLE (plain) in the output" in places(leaks)


def test_the_planted_secrets_share_a_beginning_and_nothing_more() -> None:
    assert all(secret.startswith("planted") for secret in SECRETS.values())
    assert len(set(SECRETS.values())) == len(SECRETS) >= 8
