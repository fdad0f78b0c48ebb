"""Holds all requests back while the receiver is away, and lets them through together when it is time to try."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from api.sink.answer import Answer
from schemas.backoff import Backoff

log = logging.getLogger(__name__)

FIRST_S: Final = 0.5
LAST_S: Final = 60.0


def waits() -> Backoff:
    """How long a sink waits before it asks for the same thing again."""
    return Backoff(FIRST_S, LAST_S)


class Gate:
    """Closed for a while by each failure of the receiver, for longer the more there are in a row."""

    def __init__(self, ending: asyncio.Event) -> None:
        self._ending = ending
        self._failures = 0
        self._waits = waits()
        self._closed_at = float("-inf")
        self._open_at = float("-inf")

    async def passed(self) -> bool:
        """Wait until it is open; False when the sink ends before."""
        while not self._ending.is_set():
            wait = self._open_at - time.monotonic()
            if wait <= 0:
                return True
            await self.pause(wait)
        return False

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the sink ends."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    def close(self, answer: Answer, *, began: float) -> None:
        """The receiver failed a request that began then; those that began before the last failure tell nothing new."""
        if began < self._closed_at:
            return
        now = time.monotonic()
        self._failures += 1
        wait = max(self._waits.next(), answer.wait_s)
        self._closed_at, self._open_at = now, now + wait
        if self._failures == 1:
            log.warning("receiver away, results wait for it reason=%r", answer.reason)

    def succeeded(self) -> None:
        """The receiver took a result."""
        if self._failures:
            log.info("receiver takes results again failures=%d", self._failures)
        self._failures = 0
        self._waits.reset()
