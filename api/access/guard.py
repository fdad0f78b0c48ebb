"""The middleware before every route, file and error: nothing gets past it that `Access` has not admitted."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.access import Access, Grant
from api.access.roles import SOCKET_PATH
from api.web.problems import problem

BODY_LIMIT_BYTES: Final = 256 * 1024
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_GRANT: Final = "framebus.grant"


class Guard:
    """Admits requests, and bounds what they may send."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http" and scope["path"] != SOCKET_PATH:  # there is no other door
            await send({"type": "websocket.close", "code": 1008})
            return
        request = HTTPConnection(scope)
        refusal = self._access.admit(request)
        if isinstance(refusal, Grant):
            scope[_GRANT] = refusal
            response = _body_problem(request) if scope["type"] == "http" else None
        else:
            response = refusal
        if response:
            await response(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive) if scope["type"] == "http" else receive, send)


def _body_problem(request: HTTPConnection) -> Response | None:
    headers = request.headers
    length = headers.get("content-length", "0")
    has_body = length != "0" or "transfer-encoding" in headers
    if request.scope["method"] in _SAFE or not has_body:
        return None
    if length.isdecimal() and int(length) > BODY_LIMIT_BYTES:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{length} bytes: expected at most {BODY_LIMIT_BYTES}")
    # No form of another site can send JSON.
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content-type {kind[:100]!r}: expected application/json")
    return None


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_LIMIT_BYTES:
            detail = f"more than {taken} bytes: expected at most {BODY_LIMIT_BYTES}"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        return message

    return receive_some


def _grant(request: HTTPConnection) -> Grant:
    grant: Grant = request.scope[_GRANT]
    return grant


GrantDep = Annotated[Grant, Depends(_grant)]
"""What the request at hand may do."""
