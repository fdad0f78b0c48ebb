"""The cookie that carries a session's id: no script can read it, no other site can send it."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.access.sessions import LIFETIME_S


def cookie_name(request: HTTPConnection) -> str:
    """The name here: cookies know no ports, so two services of one machine name theirs apart.

    With TLS the prefix makes browsers refuse a cookie of this name that another host has set.
    """
    if _is_secure(request):
        return "__Host-framebus"
    server = request.scope.get("server") or ("", 0)
    return f"framebus-{server[1]}"


def set_cookie(response: Response, request: HTTPConnection, key: str) -> None:
    """Let the browser keep a session's id; an empty one makes it forget."""
    response.set_cookie(
        cookie_name(request),
        key,
        max_age=LIFETIME_S if key else 0,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def _is_secure(request: HTTPConnection) -> bool:
    return request.scope["scheme"] in {"https", "wss"}
