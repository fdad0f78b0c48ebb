"""The sessions of browsers, which can send no token with a stream or a picture: opaque, bounded, and they end."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from api.access.roles import Role

LIFETIME_S: Final = 12 * 3600
_MOST: Final = 1024
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie stands for; `ends` is in the clock's seconds."""

    role: Role
    ends: float


class Sessions:
    """Sessions by the digests of their ids: what is in memory opens nothing. Of too many the oldest goes."""

    def __init__(self, clock: Callable[[], float], *, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._open: OrderedDict[bytes, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, role: Role) -> str:
        """A new session; its id, which only its browser knows."""
        while self._open and (len(self._open) >= self._most or next(iter(self._open.values())).ends <= self._clock()):
            self._open.popitem(last=False)
        key = secrets.token_urlsafe(_BYTES)
        self._open[_digest(key)] = Session(role, self._clock() + LIFETIME_S)
        return key

    def find(self, key: str) -> Session | None:
        """The session with this id; None once it has ended."""
        digest = _digest(key)
        session = self._open.get(digest)
        if session and session.ends <= self._clock():
            del self._open[digest]
            return None
        return session

    def end(self, key: str) -> None:
        """End the session at once; one that has ended already is no error."""
        self._open.pop(_digest(key), None)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()
