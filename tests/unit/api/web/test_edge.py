from __future__ import annotations

import logging

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from api.metrics import REGISTRY
from api.web.edge import Edge


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    path = Request(scope).url.path
    if path == "/broken":
        raise RuntimeError("the password is hunter2")
    response: Response = PlainTextResponse("hello", headers={"referrer-policy": "origin"})
    await response(scope, receive, send)


def errors() -> float:
    return REGISTRY.get_sample_value("framebus_errors_total", {"kind": "request"}) or 0.0


async def get(path: str) -> httpx.Response:
    transport = httpx.ASGITransport(Edge(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://framebus.test") as client:
        return await client.get(path)


async def test_headers_are_added_unless_a_route_has_its_own() -> None:
    response = await get("/")
    assert (response.status_code, response.text) == (200, "hello")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "origin"


async def test_a_failure_is_a_problem_document_that_tells_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    before = errors()
    with caplog.at_level(logging.ERROR):
        response = await get("/broken")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["title"] == "Internal Server Error"
    assert "hunter2" not in response.text
    assert "request failed method=GET path='/broken'" in caplog.text
    assert errors() == before + 1
