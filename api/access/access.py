"""Decides about each request: is it meant for us, who sends it, may they do that."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.access.cookie import cookie_name
from api.access.limits import UNKNOWN, Failures, Requests, client_key
from api.access.origin import host_is_expected, is_foreign, is_loopback
from api.access.roles import Role, role_for
from api.access.sessions import Session, Sessions
from api.access.tokens import Tokens
from api.metrics import ERRORS
from api.web.problems import problem
from schemas.errors import SettingsError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="framebus"'}
_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request may do; `role` is None for somebody unknown."""

    role: Role | None
    is_current: Callable[[], bool] = lambda: True
    """Whether it still may: a stream outlives the session that it began in."""


class Access:
    """Tokens, sessions and limits of one API. Without tokens everybody may do everything: then only this machine can
    reach it.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens = Tokens(settings)
        self._names = frozenset(name.lower() for name in settings.api_hosts.split(",") if name)
        self._sessions = Sessions(clock)
        self._failures = Failures(clock)
        self._requests = Requests(settings.api_requests_per_second, clock)

    @property
    def is_locked(self) -> bool:
        """Whether there are tokens."""
        return bool(self._tokens)

    def admit(self, request: HTTPConnection) -> Grant | Response:
        """The grant for this request, or the refusal to answer it with."""
        client = client_of(request)
        refusal = self._misdirected(request) or self._too_many(client)
        if refusal:
            return refusal
        grant = self._identify(request, client)
        if isinstance(grant, Response):
            return grant
        # A WebSocket has no method of its own: it begins with a GET.
        needed = role_for(request.scope.get("method", "GET"), request.scope["path"])
        if needed is None or (grant.role is not None and grant.role >= needed):
            return grant
        if grant.role is None:
            detail = (
                f"this needs a token of the role {needed.title}: Authorization: Bearer TOKEN, or sign in on the page"
            )
            return problem(HTTPStatus.UNAUTHORIZED, detail, _CHALLENGE)
        detail = f"the role {grant.role.title} may not do this: expected a token of the role {needed.title}"
        return problem(HTTPStatus.FORBIDDEN, detail)

    def sign_in(self, request: HTTPConnection, token: str) -> tuple[str, Session] | Response:
        """A new session's id for the right token, or the refusal."""
        role = self._role_of(token, client_of(request), "session")
        if isinstance(role, Response):
            return role
        key = self._sessions.begin(role)
        session = self._sessions.find(key)
        assert session is not None  # noqa: S101  # it has just begun
        return key, session

    def sign_out(self, request: HTTPConnection) -> None:
        """End the session that the request came in, if any."""
        key = request.cookies.get(cookie_name(request))
        if key:
            self._sessions.end(key)

    def _misdirected(self, request: HTTPConnection) -> Response | None:
        host = request.headers.get("host", "")
        # A name that somebody else chose is harmless where a token is needed, since no browser sends one there.
        if not (self.is_locked and not self._names) and not host_is_expected(host, self._names):
            detail = f"host {host[:100]!r} is not this service's: expected an address, or a name in FRAMEBUS_API_HOSTS"
            return problem(HTTPStatus.MISDIRECTED_REQUEST, detail)
        headers = request.headers
        is_link = request.scope.get("method") in _SAFE and headers.get("sec-fetch-mode") == "navigate"
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if is_foreign(host=host, origin=origin, site=site, is_link=is_link):
            return problem(HTTPStatus.FORBIDDEN, "a page of another site sent this: expected one of this service's")
        return None

    def _too_many(self, client: str) -> Response | None:
        wait = self._requests.take(client) if self.is_locked else 0.0
        return _later("too many requests", wait) if wait else None

    def _identify(self, request: HTTPConnection, client: str) -> Grant | Response:
        if not self.is_locked:
            return Grant(Role.OPERATOR)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            role = self._role_of(token.strip(), client, request.scope["path"])
            return role if isinstance(role, Response) else Grant(role)
        key = request.cookies.get(cookie_name(request))
        session = self._sessions.find(key) if key else None
        if key is None or session is None:
            return Grant(None)
        return Grant(session.role, lambda: self._sessions.find(key) is not None)

    def _role_of(self, token: str, client: str, path: str) -> Role | Response:
        wait = self._failures.wait(client)
        if wait:
            return _later("too many wrong tokens", wait)
        role = self._tokens.role_of(token)
        if role is not None:
            return role
        ERRORS.labels(kind="token").inc()
        log.warning("wrong token client=%s failures=%d path=%r", client, self._failures.add(client), path[:100])
        return problem(HTTPStatus.UNAUTHORIZED, "this token opens nothing here: expected one that is set", _CHALLENGE)


def check_doors(settings: Settings) -> None:
    """Refuse to be reachable by others without a token.

    Raises:
        SettingsError: `api_host` is not loopback, and there is no token.
    """
    if not Tokens(settings) and not is_loopback(settings.api_host):
        raise SettingsError(
            f"FRAMEBUS_API_HOST={settings.api_host!r} lets other machines in, and no token is set: expected "
            "FRAMEBUS_API_VIEWER_TOKEN_FILE or FRAMEBUS_API_OPERATOR_TOKEN_FILE (framebus token FILE makes one), or a "
            "loopback address"
        )


def client_of(request: HTTPConnection) -> str:
    """Whom the request is counted as."""
    return client_key(request.client.host) if request.client else UNKNOWN


def _later(what: str, wait_s: float) -> Response:
    seconds = max(1, math.ceil(wait_s))
    detail = f"{what} from this address: try again in {seconds} s"
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, {"retry-after": str(seconds)})
