"""The API with tokens, over a real socket and a real broker."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from api.access.limits import FAILURES
from api.frames.reader import FrameNotFoundError, FrameReader
from api.web.pages import DIST
from deploy.local.environment import environment_of, inherited
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.messages import FrameAddress
from schemas.settings import Settings
from tests.integration.api_client import serving, streaming
from tests.integration.api_world import JPEG, MODEL, World, wait_for
from tests.planted import OPERATOR_TOKEN, VIEWER_TOKEN

VIEWER, OPERATOR = VIEWER_TOKEN, OPERATOR_TOKEN
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture
def locked(settings: Settings) -> Settings:
    tokens = {"api_viewer_token": SecretStr(VIEWER), "api_operator_token": SecretStr(OPERATOR)}
    return settings.model_copy(update=tokens)


@pytest.fixture
def client(locked: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(locked, catalogue) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_every_kind_of_answer_has_the_security_headers(client: httpx.Client, settings: Settings) -> None:
    World(settings).frame("gate", 0)
    frame = f"/api/v1/frames/{MODEL}/0/0"
    asset = f"/assets/{next((DIST / 'assets').glob('*.js')).name}"
    for path, status, caching in (
        ("/", 200, "no-cache"),
        (asset, 200, "no-cache"),
        ("/favicon.svg", 200, "no-cache"),
        ("/healthz", 200, "no-store"),
        ("/readyz", 200, "no-store"),
        ("/metrics", 200, "no-store"),
        ("/openapi.json", 200, "no-store"),
        ("/api/v1/session", 200, "no-store"),
        ("/api/v1/cameras", 200, "no-store"),
        ("/api/v1/results", 200, "no-store"),
        (frame, 200, "no-store"),
        (f"/api/v1/frames/{MODEL}/0/1", 404, "no-store"),
        ("/api/v1/results?limit=0", 422, "no-store"),
        ("/nothing", 404, "no-store"),
    ):
        response = client.get(path, headers=bearer(VIEWER))
        assert (response.status_code, response.headers["cache-control"]) == (status, caching), path
        check_headers(response, path)
    for path in (frame, "/api/v1/cameras", "/nothing"):
        check_headers(client.get(path), path)
    check_headers(client.get("/api/v1/cameras", headers={"host": "["}), "a wrong host")
    with client.stream("GET", "/api/v1/results/stream", headers=bearer(VIEWER)) as response:
        check_headers(response, "the stream")
        assert response.headers["cache-control"] == "no-store"


def check_headers(response: httpx.Response, path: str) -> None:
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS, path
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'"), path
    assert "frame-ancestors 'none'" in policy, path
    assert "unsafe" not in policy, path
    assert "camera=()" in response.headers["permissions-policy"], path
    assert "strict-transport-security" not in response.headers, path  # no TLS here
    assert "access-control-allow-origin" not in response.headers, path
    assert "server" not in response.headers, path


def test_a_browser_signs_in_sees_pictures_and_results_and_signs_out(client: httpx.Client, settings: Settings) -> None:
    world = World(settings)
    address = world.frame("gate", 0)
    picture = f"/api/v1/frames/{address}"
    assert client.get(picture).status_code == 401
    assert client.get("/api/v1/results/stream").status_code == 401

    page = {"origin": str(client.base_url), "sec-fetch-site": "same-origin"}
    assert client.post("/api/v1/session", json={"token": VIEWER}, headers=page).json()["role"] == "viewer"
    assert client.get(picture, headers={"sec-fetch-site": "same-origin"}).content == JPEG
    with streaming(client) as stream:
        world.result("gate", address)
        assert next(stream).name == "result"
        assert client.delete("/api/v1/session", headers=page).status_code == 204
        world.result("gate", address)
        assert list(stream) == []  # the stream ends with the session that it was opened in
    assert client.get(picture).status_code == 401


def test_why_it_is_not_ready_is_told_to_viewers_only(locked: Settings, catalogue: Catalogue) -> None:
    away = locked.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    with serving(away, catalogue, ready=False) as client:
        wait_for(lambda: "127.0.0.1:1" in client.get("/readyz", headers=bearer(VIEWER)).text)
        anonymous = client.get("/readyz")
        assert anonymous.status_code == 503
        assert "127.0.0.1" not in anonymous.text


MADE_UP = (
    "face-detection",  # its topic is there, but not in this catalogue
    "captures",
    "",
    ".",
    "../captures",
    f"{MODEL}.",
    f"{MODEL}/0",
    MODEL.upper(),
    f"frames.{MODEL}",
    f"{MODEL}\x00",
    "__consumer_offsets",
)


def test_only_models_of_the_catalogue_have_frames(settings: Settings, catalogue: Catalogue) -> None:
    """Kafka is not even asked about a topic that a client made up: without a broker the answer is the same."""
    world = World(settings)
    world.put(settings.names.captures, JPEG)
    world.put(settings.names.frames("face-detection"), JPEG)
    only = Catalogue(tuple(model for model in catalogue.models if model.name == MODEL))
    for of in (settings, settings.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})):
        reader = FrameReader(of, only)
        try:
            for name in MADE_UP:
                with pytest.raises(FrameNotFoundError, match=f"expected one of {MODEL}"):
                    reader.fetch(FrameAddress(name, 0, 0))
            asked = EnvironmentMissingError if of is not settings else FrameNotFoundError
            with pytest.raises(asked, match=r"gave no topics|the log ends before offset 0"):
                reader.fetch(FrameAddress(MODEL, 0, 0))
        finally:
            reader.close()


def run_api(settings: Settings) -> tuple[int, str]:
    command = [sys.executable, "-m", "deploy.cli", "run", "api"]
    environ = {**inherited(os.environ), **environment_of(settings)}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr


def test_beyond_loopback_it_does_not_start_without_a_token() -> None:
    """At once, and whether or not there is a broker."""
    code, said = run_api(Settings(bootstrap_servers="127.0.0.1:1", api_host="0.0.0.0", api_port=0))
    assert code == 2
    assert said.startswith("framebus: FRAMEBUS_API_HOST='0.0.0.0' lets other machines in, and no token is set: ")
    assert "framebus token FILE" in said
    assert "waiting for" not in said


def test_a_proxy_that_is_trusted_says_who_asks_and_whether_with_tls(locked: Settings, catalogue: Catalogue) -> None:
    def failures(client: httpx.Client, forwarded: str) -> list[int]:
        headers = {**bearer("guess-guess-guess"), "x-forwarded-for": forwarded, "x-forwarded-proto": "https"}
        return [client.get("/openapi.json", headers=headers).status_code for _ in range(12)]

    tls = {"x-forwarded-proto": "https"}
    with serving(locked.model_copy(update={"api_trusted_proxies": "127.0.0.1"}), catalogue) as client:
        assert failures(client, "192.0.2.1")[-1] == 429
        begun = client.post(
            "/api/v1/session", json={"token": OPERATOR}, headers={**tls, "x-forwarded-for": "192.0.2.2"}
        )
        assert begun.status_code == 200
        assert begun.headers["set-cookie"].startswith("__Host-framebus=")
        assert "strict-transport-security" in begun.headers
    with serving(locked, catalogue) as client:  # nobody is trusted: what strangers say of themselves counts for nothing
        assert failures(client, "192.0.2.1")[-1] == 429
        begun = client.post(
            "/api/v1/session", json={"token": OPERATOR}, headers={**tls, "x-forwarded-for": "192.0.2.2"}
        )
        assert begun.status_code == 429
        assert "strict-transport-security" not in begun.headers


def test_what_clients_make_up_is_one_client_and_in_no_log(
    locked: Settings, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a proxy that adds no address, or that passes on what it was told."""
    behind_proxy = locked.model_copy(update={"api_trusted_proxies": "127.0.0.0/8"})
    with caplog.at_level(logging.WARNING), serving(behind_proxy, catalogue) as client:
        statuses = [
            client.get(
                "/openapi.json", headers={**bearer("guess-guess-guess"), "x-forwarded-for": f"made-up-{number}"}
            ).status_code
            for number in range(12)
        ]
    assert statuses == [401] * FAILURES + [429] * 2
    assert caplog.text.count("wrong token client=unknown ") == FAILURES
    assert "made-up" not in caplog.text


def test_no_token_is_in_a_log(locked: Settings, tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    environ = {**inherited(os.environ), **environment_of(locked.model_copy(update={"log_level": "DEBUG"}))}
    with path.open("wb") as log:
        running = subprocess.Popen([sys.executable, "-m", "deploy.cli", "run", "api"], env=environ, stderr=log)
    try:
        wait_for(lambda: "listening url=" in path.read_text(), seconds=30)
        url = path.read_text().partition("listening url=")[2].split()[0]
        with httpx.Client(base_url=url) as client:
            assert client.get("/openapi.json", headers=bearer(VIEWER)).status_code == 200
            assert client.get("/openapi.json", headers=bearer("guess-guess-guess")).status_code == 401
            assert client.post("/api/v1/session", json={"token": OPERATOR}).status_code == 200
            cookie = next(iter(client.cookies.values()))
    finally:
        running.terminate()
        assert running.wait(15) == 0
    said = path.read_text()
    assert "wrong token client=127.0.0.1 failures=1" in said
    assert not [secret for secret in (VIEWER, OPERATOR, "guess-guess", cookie) if secret in said]
