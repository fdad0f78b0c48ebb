"""Requests that wait for the result of one frame."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress

from api.result_record import ResultRecord
from api.store import ResultStore
from schemas.messages import FrameAddress


class ResultWaiters:
    """Belongs to one event loop."""

    def __init__(self, results: ResultStore) -> None:
        self._results = results
        self._waiting: defaultdict[str, set[asyncio.Future[ResultRecord]]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        results.tell(self._take)

    def bind(self) -> None:
        """Belong to the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    async def wait(self, address: FrameAddress, *, seconds: float) -> ResultRecord | None:
        """The result of the frame at `address`, as soon as it is there; None: not in so many seconds."""
        key = str(address)
        future: asyncio.Future[ResultRecord] = asyncio.get_running_loop().create_future()
        self._waiting[key].add(future)
        try:
            # It may have come before we waited.
            if known := self._results.of(key):
                return known[0]
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting[key].discard(future)
            if not self._waiting[key]:
                del self._waiting[key]

    def _take(self, records: list[ResultRecord]) -> None:
        """Hand on what somebody waits for, from the thread that reads; it is in the store already."""
        wanted = [record for record in records if record.result.frame.address in self._waiting]
        if wanted and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self._loop.call_soon_threadsafe(self._settle, wanted)

    def _settle(self, records: list[ResultRecord]) -> None:
        for record in records:
            for future in self._waiting.get(record.result.frame.address, ()):
                if not future.done():
                    future.set_result(record)
