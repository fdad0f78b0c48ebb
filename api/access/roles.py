"""The two roles, and which of them a request needs: pure, and closed wherever nothing else is said."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

SESSION_PATH: Final = "/api/v1/session"
SOCKET_PATH: Final = "/api/v1/results/ws"
"""The one WebSocket: it only reads, so it takes what a GET takes."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN: Final = frozenset({"/", "/index.html", "/favicon.svg", "/healthz", "/readyz"})
"""The page before its login, and whether the service lives; none of it says anything about cameras."""
_OPEN_BELOW: Final = "/assets/"


class Role(IntEnum):
    """Who may do more is greater: an operator is a viewer too."""

    VIEWER = 1
    OPERATOR = 2

    @property
    def title(self) -> str:
        """As clients read it."""
        return self.name.lower()


def role_for(method: str, path: str) -> Role | None:
    """The least role that may send this request; None: everybody may.

    Whatever changes something is the operator's, everything else the viewer's: a route that is new, or that nobody
    thought of, is never open. Signing in and out is everybody's.
    """
    if path == SESSION_PATH:
        return None
    if method not in _SAFE:
        return Role.OPERATOR
    is_open = path in _OPEN or (path.startswith(_OPEN_BELOW) and ".." not in path)
    return None if is_open else Role.VIEWER
