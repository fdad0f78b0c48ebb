"""The API, called with what its own description allows and with what it forbids: it keeps its word either way."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from api.log.cursor import Cursor
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.hostile.effort import LONG
from tests.hostile.texts import lines
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World
from tests.leaks import LEAKS
from tests.planted import OPERATOR_TOKEN

SEED = 20260131
OPERATOR = OPERATOR_TOKEN
EACH = 50 if LONG else 15
"""Calls of each operation, in each of the two ways."""
MUTATED = 9_500 if LONG else 1_500
"""Calls of addresses that were mutated: far cheaper than to think of one."""
LEAST = 14
"""Of what takes anything, each of the two ways of an operation counts; some run out of calls to make."""
CALL_S = 1.0
NOT_ASKED = {"ignored_auth", "positive_data_acceptance", "negative_data_rejection"}
"""Wrong tokens lock a client out, as tests/unit/api/access shows; an address of the right form need not exist; and any
text is a query's text, though the tool meant it for an object."""
STREAM = "/api/v1/results/stream"
LEFT_OUT = {STREAM, "/api/v1/session"}
"""The stream's answers have no end: what it refuses is below. Who tries tokens at the session is locked out."""


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    locked = settings.model_copy(
        update={"api_operator_token": SecretStr(OPERATOR), "api_requests_per_second": 1_000_000}
    )
    World(settings).frame("gate", 0)
    with serving(locked, catalogue) as client:
        yield client


def test_the_api_keeps_its_word(client: httpx.Client, cases: Counter[str]) -> None:
    bearer = {"authorization": f"Bearer {OPERATOR}"}
    document = client.get("/openapi.json", headers=bearer).json()
    load_all_checks()
    session = requests.Session()
    session.hooks["response"].append(search)
    left_out = CHECKS.get_by_names(sorted(NOT_ASKED))
    base, calls, slow = str(client.base_url).rstrip("/"), Counter[str](), []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in LEFT_OUT:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not _takes_anything(operation):
                continue

            @settings(
                max_examples=EACH,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def call(case: Any) -> None:
                begun = time.monotonic()
                answer = case.call(base_url=base, session=session, headers=bearer, timeout=10)
                slow.append((time.monotonic() - begun, answer.request.url[:200]))
                calls[operation.label] += 1  # noqa: B023  # called before the loop goes on
                case.validate_response(answer, excluded_checks=left_out, headers=bearer)

            call()
    session.close()
    cases["API calls by schemathesis"] += calls.total()
    assert calls.total() >= LEAST * EACH, calls
    assert sorted(took for took, _ in slow)[len(slow) * 99 // 100] < CALL_S, "a few may meet a busy machine"
    assert max(slow)[0] < 5 * CALL_S, max(slow)
    assert client.get("/readyz", headers=bearer).status_code == 200


def search(answer: requests.Response, **_: Any) -> None:
    """Search an answer for planted secrets, as a hook of the client that the tool uses."""
    LEAKS.check(f"the answer to {answer.request.url}", f"{answer.headers}\n".encode() + answer.content)


def _takes_anything(operation: Any) -> bool:
    return bool(operation.path_parameters or operation.query or operation.body)


NONSENSE = [
    ("?camera=" + "a" * 64, 422),
    ("?camera=%00", 422),
    ("?model=..%2f..", 422),
    ("?model=nothing", 404),
    ("?min_score=NaN", 422),
    ("?min_score=1e999", 422),
    ("?label=" + "x" * 129, 422),
    ("?coalesce_ms=101", 422),
    ("?last_event_id=1.AAAA", 422),
    ("?last_event_id=" + "1." + "A" * 7000, 422),
    ("?last_event_id=%00", 422),
]


def exchange(port: int, sent: bytes, *, seconds: float = 15) -> bytes:
    """What the server answers until it closes the connection, or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(sent)
            received = connection.recv(65_536)
            connection.settimeout(0.3)
            while received and (more := connection.recv(65_536)):
                received += more
        except TimeoutError:
            pass
        except ConnectionError:
            return b""
        return received


AUTH = f"Authorization: Bearer {OPERATOR}\r\n".encode()
HOST = b"Host: 127.0.0.1\r\n" + AUTH
RANGED = {200, 206, 400, 416}
RAW = [
    ("a path out of the page's folder", b"GET /../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("the same, escaped", b"GET /..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("the same, escaped twice", b"GET /%252e%252e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("a path from the root", b"GET //etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("a zero byte in a path", b"GET /assets/%00 HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("a backslash in a path", b"GET /..\\..\\etc\\passwd HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("a name longer than any file's", b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {404, 400}),
    ("a query of 60 KB", b"GET /api/v1/results?label=" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {422}),
    ("a query of 200 KB", b"GET /healthz?q=" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {400, 0}),
    ("a header of 200 KB", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000 + b"\r\n\r\n", {400, 0}),
    ("ten thousand headers", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 10_000 + b"\r\n", {200, 400, 0}),
    ("two lengths", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", {400}),
    ("a negative length", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", {400}),
    ("a length that is none", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +4\r\n\r\nabcd", {400}),
    (
        "an unknown encoding",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        {400, 501},
    ),
    ("a space before a colon", b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length : 4\r\n\r\n", {400}),
    ("a folded header", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", {200, 400}),
    ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", {400}),
    ("HTTP/0.9", b"GET /healthz\r\n\r\n", {400}),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", {400}),
    ("a range of a file", b"GET / HTTP/1.1\r\n" + HOST + b"Range: bytes=0-0,1-1,2-2\r\n\r\n", {200, 206, 400, 416}),
    (
        "thousands of ranges",
        b"GET / HTTP/1.1\r\n" + HOST + b"Range: bytes=" + b"0-," * 9000 + b"\r\n\r\n",
        {200, 206, 400, 416},
    ),
]


def test_what_no_client_sends_is_refused(client: httpx.Client, cases: Counter[str]) -> None:
    port = int(client.base_url.port or 0)
    for name, sent, statuses in RAW:
        answer = exchange(port, sent)
        cases["raw requests"] += 1
        LEAKS.check(f"the answer to {name}", answer)
        status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
        assert status in statuses, (name, answer[:300])
        assert b"root:" not in answer, name
        assert b"Traceback" not in answer, name
        assert answer.count(b"HTTP/1.1 ") <= 1, f"{name}: a second request was seen in the first"
        assert client.get("/healthz").status_code == 200, name
    for query, status in NONSENSE:
        refused = client.get(f"{STREAM}{query}", headers={"authorization": f"Bearer {OPERATOR}"})
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json"), query


ADDRESSES = [
    f"/api/v1/frames/{MODEL}/0/0",
    f"/api/v1/frames/{MODEL}/0/0?overlay=1&camera=gate&run=0&seq=0&captured_at=2026-01-31T12:00:00Z",
    f"/api/v1/frames/{MODEL}/0/0/outcome",
    f"/api/v1/results?camera=gate&model={MODEL}&label=person&min_score=0.5&limit=10",
    f"/api/v1/results?cursor={Cursor({}, question={'camera': 'gate'}).encode()}",
    "/api/v1/skips?model=pose&since=10m&until=1m",
    f"/api/v1/models/{MODEL}/history?minutes=5",
    "/api/v1/dead-letters?camera=gate&error=NotJpegError&since=10m&before=1-2-3&limit=10",
    f"/api/v1/dead-letters/{MODEL}/0/0",
    "/api/v1/ledger?since=10m",
    "/assets/index.js",
    "/openapi.json",
]


def test_mutated_addresses_get_an_answer_at_once(client: httpx.Client, cases: Counter[str]) -> None:
    statuses, slow = Counter[int](), []
    for address in lines(ADDRESSES, MUTATED, seed=SEED):
        path = quote(address[:8000].encode(errors="surrogateescape"), safe="/?&=%")
        begun = time.monotonic()
        answer = client.get(f"/{path.lstrip('/')}", headers={"authorization": f"Bearer {OPERATOR}"})
        slow.append(time.monotonic() - begun)
        statuses[answer.status_code] += 1
        assert answer.status_code < 500, path
        assert answer.status_code < 400 or answer.headers["content-type"] == "application/problem+json", path
    cases["API calls of mutated addresses"] += statuses.total()
    assert {200, 404, 422} <= set(statuses)
    assert sorted(slow)[len(slow) * 99 // 100] < CALL_S
    assert max(slow) < 5 * CALL_S
