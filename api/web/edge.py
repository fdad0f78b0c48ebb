"""What every response has in common: security headers, a measured duration, and a problem document for a failure."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ERRORS, HTTP_DURATION
from api.web.problems import problem

log = logging.getLogger(__name__)

_HEADERS: Final = {
    # Pictures are fetched and drawn on a canvas; a page may also show them as blobs.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)",
    # What cameras saw, and who was signed in, is kept by no cache; the page's own files say otherwise.
    "cache-control": "no-store",
}
_HSTS: Final = "max-age=31536000"
"""Only where TLS was spoken, by a proxy that is trusted to say so."""


class Edge:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived = time.perf_counter()
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", _HSTS)
                duration = time.perf_counter() - arrived
                HTTP_DURATION.labels(route=_route(scope), status=str(message["status"])).observe(duration)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:  # the service's edge: a request that fails must not show its traceback to a client
            ERRORS.labels(kind="request").inc()
            log.exception("request failed method=%s path=%r", scope["method"], scope["path"])
            if started:
                raise
            detail = f"the request failed with {type(error).__name__}; the service's log says more"
            await problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, send_on)


def _route(scope: Scope) -> str:
    """The route's template: of bounded number, whatever paths clients ask for."""
    return getattr(scope.get("route"), "path", "(none)")
