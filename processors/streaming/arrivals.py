"""Inferences that are done, on their way from the core's threads to the event loop: in groups while nothing is urgent.

Each wake-up of the loop costs a system call, and what it runs has left the processor's caches meanwhile: the network
has gone through them. So while frames wait for their turn anyway some results are handled in one go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

GROUP: Final = 16
"""So many wake the loop in any case."""

T = TypeVar("T")


class Arrivals:
    """Awaits the futures of other threads; belongs to the event loop that runs when it is first used.

    `patience` says, in the loop, after how many seconds it must look for results by itself; none: each wakes it.
    """

    def __init__(self, patience: Callable[[], float]) -> None:
        self._patience = patience
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
        try:
            return answer.result()
        finally:
            del answer  # else an error's traceback would lead back to itself

    def _look(self) -> None:
        self._looks = False
        self._settle()

    def _settle(self) -> None:
        while self._here:
            arrived = self._here.popleft()
            if not arrived.done():
                arrived.set_result(None)
        if not self._looks and (seconds := self._patience()):
            self._looks = True
            asyncio.get_running_loop().call_later(seconds, self._look)
