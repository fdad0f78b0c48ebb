"""The guard before the real application, without a broker: whatever reaches a route would fail for want of one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from api.access.access import check_doors
from api.access.guard import BODY_LIMIT_BYTES
from api.access.limits import FAILURES
from api.access.roles import SOCKET_PATH, role_for
from api.app import create_app
from schemas.catalogue import Catalogue
from schemas.errors import SettingsError
from schemas.settings import Settings
from tests.planted import OPERATOR_TOKEN, VIEWER_TOKEN

VIEWER, OPERATOR = VIEWER_TOKEN, OPERATOR_TOKEN
SESSION = "/api/v1/session"


def settings(**given: Any) -> Settings:
    tokens = {"api_viewer_token": SecretStr(VIEWER), "api_operator_token": SecretStr(OPERATOR)}
    return Settings(**{**tokens, **given})


def open_settings(**given: Any) -> Settings:
    return Settings(**given)


def client(of: Settings, *, peer: str = "192.0.2.1", **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(of, Catalogue()), client=(peer, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", **options)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


EXPECTED = {
    ("GET", "/api/v1/session"): None,
    ("POST", "/api/v1/session"): None,
    ("DELETE", "/api/v1/session"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
}
"""The routes that are open; all others are the viewer's when they read and the operator's when they do not."""


def test_every_route_has_its_role() -> None:
    app = create_app(settings(), Catalogue())
    routes = {(method, path) for path, methods in _routes(app.routes) for method in methods}
    assert len(routes) > 10
    for method, path in routes:
        role = role_for(method, path)
        if (method, path) in EXPECTED:
            assert role is None, (method, path)
        else:
            expected = "viewer" if method in {"GET", "HEAD"} else "operator"
            assert role is not None, (method, path)
            assert role.title == expected, (method, path)
    assert routes >= EXPECTED.keys()


def _routes(routes: list[BaseRoute]) -> list[tuple[str, set[str]]]:
    found: list[tuple[str, set[str]]] = []
    for route in routes:
        if isinstance(route, Mount):
            continue  # the page's files: GET only, and role_for's table tells which of them are open
        if isinstance(route, APIRoute | Route):
            found.append((route.path, route.methods or set()))
        elif isinstance(route, WebSocketRoute):
            assert route.path == SOCKET_PATH
            found.append((route.path, {"GET"}))
        else:
            found += _routes(list(getattr(route, "routes", None) or route.original_router.routes))  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("token", [None, VIEWER])
async def test_nobody_gets_past_the_guard_without_the_role(token: str | None) -> None:
    async with client(settings(), headers=bearer(token) if token else {}) as asking:
        for method, path in (
            ("GET", "/api/v1/cameras"),
            ("GET", "/api/v1/results/stream"),
            ("GET", "/api/v1/frames/face-detection/0/0"),
            ("GET", "/metrics"),
            ("GET", "/openapi.json"),
            ("GET", "/nothing"),
            ("HEAD", "/api/v1/cameras"),
            ("OPTIONS", "/api/v1/cameras"),
        ):
            if token is None:
                response = await asking.request(method, path)
                assert response.status_code == 401, path
                assert response.headers["www-authenticate"] == 'Bearer realm="framebus"'
        for method, path in (("POST", "/api/v1/cameras"), ("DELETE", "/api/v1/cameras/x"), ("PUT", "/"), ("POST", "/")):
            response = await asking.request(method, path)
            assert response.status_code == (403 if token else 401), path
            assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer(VIEWER), 200),
        (bearer(OPERATOR), 200),
        ({"authorization": f"bearer  {VIEWER} "}, 200),
        (bearer(VIEWER[:-1]), 401),
        (bearer(""), 401),
        ({"authorization": f"Basic {VIEWER}"}, 401),
        ({"authorization": VIEWER}, 401),
        ({"cookie": "framebus-8080=guessed"}, 401),
        ({"cookie": f"framebus-8080={VIEWER}"}, 401),
    ],
)
async def test_a_token_opens_and_nothing_else_does(headers: Mapping[str, str], status: int) -> None:
    async with client(settings()) as asking:
        response = await asking.get("/openapi.json", headers=headers)
    assert response.status_code == status, response.text
    assert VIEWER not in response.text


async def test_without_tokens_who_is_on_this_machine_may_do_everything() -> None:
    async with client(open_settings()) as asking:
        assert (await asking.get(SESSION)).json() == {"locked": False, "role": "operator"}
        assert (await asking.post("/api/v1/models", json={})).status_code == 405


async def test_a_session_is_opaque_and_unreachable_for_scripts_and_ends() -> None:
    async with client(settings()) as asking:
        assert (await asking.get(SESSION)).json() == {"locked": True, "role": None}
        begun = await asking.post(SESSION, json={"token": VIEWER})
        assert (begun.status_code, begun.json()) == (200, {"locked": True, "role": "viewer"})
        cookie = begun.headers["set-cookie"]
        assert cookie.startswith("framebus-8080=")
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert VIEWER not in cookie
        assert (await asking.get(SESSION)).json()["role"] == "viewer"
        assert (await asking.get("/openapi.json")).status_code == 200
        assert (await asking.post("/api/v1/models", json={})).status_code == 403

        stolen = dict(asking.cookies)
        ended = await asking.delete(SESSION)
        assert (ended.status_code, "Max-Age=0" in ended.headers["set-cookie"]) == (204, True)
        asking.cookies.update(stolen)
        assert (await asking.get("/openapi.json")).status_code == 401


async def test_with_tls_the_cookie_is_secure_and_the_browser_remembers_it() -> None:
    transport = httpx.ASGITransport(create_app(settings(), Catalogue()))
    async with httpx.AsyncClient(transport=transport, base_url="https://cameras.example") as asking:
        begun = await asking.post(SESSION, json={"token": OPERATOR}, headers={"origin": "https://cameras.example"})
        assert begun.headers["set-cookie"].startswith("__Host-framebus=")
        assert "Secure" in begun.headers["set-cookie"]
        assert begun.headers["strict-transport-security"].startswith("max-age=")
        assert (await asking.get(SESSION)).json()["role"] == "operator"
    async with client(settings()) as plain:
        assert "strict-transport-security" not in (await plain.get("/")).headers


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"token": "wrong-wrong-wrong-wrong"}', "application/json", 401),
        (b'{"token": 7}', "application/json", 422),
        (b'{"token": ""}', "application/json", 422),
        (b'{"token": "%s", "more": 1}' % VIEWER.encode(), "application/json", 422),
        (b'{"tokn": "%s"}' % VIEWER.encode(), "application/json", 422),
        (b'{"token": ["%s"]}' % VIEWER.encode(), "application/json", 422),
        (b'{"token": "%s"}' % (VIEWER.encode() * 40), "application/json", 422),
        (b'"%s"' % VIEWER.encode(), "application/json", 422),
        (b"{", "application/json", 422),
        (b"token=x", "application/x-www-form-urlencoded", 415),
        (b'{"token": "%s"}' % VIEWER.encode(), "text/plain", 415),
        (b"x" * (BODY_LIMIT_BYTES + 1), "application/json", 413),
    ],
)
async def test_signing_in_takes_json_and_a_right_token(body: bytes, kind: str, status: int) -> None:
    async with client(settings()) as asking:
        response = await asking.post(SESSION, content=body, headers={"content-type": kind})
    assert response.status_code == status, response.text
    assert "set-cookie" not in response.headers
    assert VIEWER not in response.text
    assert "wrong-wrong" not in response.text


async def test_a_body_without_a_length_is_bounded_too() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * (BODY_LIMIT_BYTES // 10)

    async with client(settings()) as asking:
        response = await asking.post(SESSION, content=endless(), headers={"content-type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize("way", ["bearer", "session"])
async def test_wrong_tokens_are_few_logged_and_never_quoted(way: str, caplog: pytest.LogCaptureFixture) -> None:
    guess = "guess-guess-guess-guess"

    async def attempt(asking: httpx.AsyncClient, token: str) -> httpx.Response:
        if way == "bearer":
            return await asking.get("/openapi.json", headers=bearer(token))
        return await asking.post(SESSION, json={"token": token})

    with caplog.at_level(logging.WARNING):
        async with client(settings()) as asking:
            statuses = [(await attempt(asking, guess)).status_code for _ in range(FAILURES + 2)]
            assert statuses == [401] * FAILURES + [429] * 2
            late = await attempt(asking, VIEWER)
            assert late.status_code == 429
            assert 1 <= int(late.headers["retry-after"]) <= 60
            assert (await asking.get("/healthz", headers=bearer(guess))).status_code == 429
            assert (await asking.get("/")).status_code == 200
    assert caplog.text.count("wrong token client=192.0.2.1") == FAILURES
    assert guess not in caplog.text
    async with client(settings(), peer="192.0.2.2") as other:
        assert (await attempt(other, VIEWER)).status_code == 200


async def test_a_session_that_has_ended_is_no_attempt() -> None:
    async with client(settings(), cookies={"framebus-8080": "of yesterday"}) as asking:
        for _ in range(3 * FAILURES):
            assert (await asking.get("/openapi.json")).status_code == 401
        assert (await asking.post(SESSION, json={"token": VIEWER})).status_code == 200


async def test_requests_have_a_rate_where_tokens_are_set() -> None:
    async with client(settings(api_requests_per_second=1)) as asking:
        answers = [await asking.get("/favicon.svg") for _ in range(20)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[0] in (200, 404)
    assert statuses[-1] == 429
    assert answers[-1].headers["retry-after"] == "1"
    async with client(open_settings(api_requests_per_second=1)) as asking:
        assert 429 not in [(await asking.get("/favicon.svg")).status_code for _ in range(20)]


@pytest.mark.parametrize(
    ("locked", "hosts", "host", "status"),
    [
        (False, "", "rebinding.example", 421),
        (False, "", "localhost:9", 200),
        (False, "", "[::1]:9", 200),
        (False, "cameras.example", "cameras.example", 200),
        (True, "", "cameras.example", 200),
        (True, "cameras.example", "cameras.example:8443", 200),
        (True, "cameras.example", "10.0.0.1", 200),
        (True, "cameras.example", "rebinding.example", 421),
    ],
)
async def test_a_name_that_somebody_else_chose_gets_no_answer(locked: bool, hosts: str, host: str, status: int) -> None:
    of = settings(api_hosts=hosts) if locked else open_settings(api_hosts=hosts)
    async with client(of) as asking:
        response = await asking.get(SESSION, headers={"host": host})
    assert response.status_code == status, response.text


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"sec-fetch-site": "same-origin"}, 200),
        ("GET", {"sec-fetch-site": "cross-site"}, 403),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200),
        ("GET", {"origin": "https://evil.example"}, 403),
        ("DELETE", {"origin": "http://127.0.0.1:8080"}, 204),
        ("DELETE", {"origin": "https://evil.example"}, 403),
        ("DELETE", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        ("DELETE", {"origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("locked", [False, True])
async def test_a_page_of_another_site_is_refused(
    method: str, headers: dict[str, str], status: int, locked: bool
) -> None:
    async with client(settings() if locked else open_settings()) as asking:
        response = await asking.request(method, SESSION, headers=headers)
    assert response.status_code == status, response.text
    assert "access-control-allow-origin" not in response.headers


async def knock(of: Settings, path: str, **headers: str) -> list[Any]:
    """What a WebSocket is answered with."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "client": ("192.0.2.1", 5),
        "server": ("127.0.0.1", 8080),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1:8080", **headers}.items()],
        "extensions": {"websocket.http.response": {}},
    }
    await create_app(of, Catalogue())(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", ["/", "/api/v1/results", "/api/v1/results/ws/", "/assets/x"])
async def test_a_websocket_is_closed_but_for_the_one_that_there_is(path: str) -> None:
    assert await knock(settings(), path) == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("locked", "headers", "status"),
    [
        (True, {}, 401),
        (True, {"authorization": f"Bearer {VIEWER[:-1]}"}, 401),
        (True, {"cookie": "framebus-8080=guessed"}, 401),
        (True, {"authorization": f"Bearer {VIEWER}", "origin": "https://evil.example"}, 403),
        (False, {"origin": "https://evil.example"}, 403),
        (False, {"origin": "null"}, 403),
        (False, {"sec-fetch-site": "cross-site"}, 403),
        (False, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        (False, {"host": "rebinding.example"}, 421),
    ],
)
async def test_a_websocket_needs_what_a_request_needs(locked: bool, headers: dict[str, str], status: int) -> None:
    start, *_ = await knock(settings() if locked else open_settings(), SOCKET_PATH, **headers)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)


async def test_the_description_says_who_may_send_what() -> None:
    async with client(settings(), headers=bearer(VIEWER)) as asking:
        paths = (await asking.get("/openapi.json")).json()["paths"]
    assert paths["/api/v1/cameras"]["get"]["x-framebus-role"] == "viewer"
    assert paths["/api/v1/cameras"]["get"]["responses"].keys() >= {"200", "401", "403", "429"}
    assert "security" not in paths["/healthz"]["get"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "cameras.example"])
def test_beyond_loopback_a_token_is_needed(host: str) -> None:
    with pytest.raises(SettingsError, match=rf"FRAMEBUS_API_HOST='{host}'.*framebus token FILE"):
        check_doors(open_settings(api_host=host))
    check_doors(settings(api_host=host))
    check_doors(Settings(api_host=host, api_operator_token=SecretStr(OPERATOR)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_loopback_none_is(host: str) -> None:
    check_doors(open_settings(api_host=host))
