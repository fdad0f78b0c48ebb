"""Inferences that are done, on their way from the core's threads to the event loop: in groups while nothing is urgent.

Each wake-up of the loop costs a system call, and what it runs has left the processor's caches meanwhile: the network
has gone through them. So while frames wait for their turn anyway a few results are handled in one go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

GROUP: Final = 4
"""So many wake the loop in any case."""
LATEST_S: Final = 0.02
"""And so late the loop looks by itself: fewer never wait for longer."""

T = TypeVar("T")


class Arrivals:
    """Awaits the futures of other threads; belongs to the event loop that runs when it is first used.

    `patient` says, in the loop, that results need not be handled at once.
    """

    def __init__(self, patient: Callable[[], bool]) -> None:
        self._patient = patient
        self._here: deque[asyncio.Future[None]] = deque()
        self._looks = False
        """Whether the loop will look by itself."""

    async def of(self, answer: Future[T]) -> T:
        """What comes of `answer`; who is cancelled cancels it."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[None] = loop.create_future()

        def tell(_: Future[Any]) -> None:
            """In a thread of the core's. The loop clears `_looks` before it looks, so that nothing is overlooked."""
            self._here.append(arrived)
            if (not self._looks or len(self._here) >= GROUP) and not loop.is_closed():
                loop.call_soon_threadsafe(self._settle)

        answer.add_done_callback(tell)
        try:
            await arrived
        except asyncio.CancelledError:
            answer.cancel()
            raise
        return answer.result()

    def _look(self) -> None:
        self._looks = False
        self._settle()

    def _settle(self) -> None:
        while self._here:
            arrived = self._here.popleft()
            if not arrived.done():
                arrived.set_result(None)
        if not self._looks and self._patient():
            self._looks = True
            asyncio.get_running_loop().call_later(LATEST_S, self._look)
