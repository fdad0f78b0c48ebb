"""One computation for many askers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Cached(Generic[T]):
    """What a blocking `compute` gave: run in a thread, never twice at once, at most every `ttl_s` seconds.

    An expensive computation is kept for four times as long as it took, so that it never takes more than a fifth of a
    core, however many ask. An error is shared and kept for `ttl_s` as a value is.
    """

    def __init__(self, compute: Callable[[], T], *, ttl_s: float = 1.0) -> None:
        self._compute = compute
        self._ttl_s = ttl_s
        self._task: asyncio.Task[T] | None = None
        self._stale_at = 0.0

    async def get(self) -> T:
        """The value; raises what `compute` raised."""
        if self._task is None or (self._task.done() and time.monotonic() >= self._stale_at):
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(heard)
        # An asker who leaves must not cancel what the others wait for.
        return await asyncio.shield(self._task)

    async def settle(self, *, seconds: float) -> bool:
        """Wait until nothing runs; False when something still does after so many `seconds`."""
        if self._task is None:
            return True
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        return bool(done)

    async def _run(self) -> T:
        began = time.monotonic()
        keep = 0.0
        try:
            value = await in_daemon(self._compute)
            keep = 4 * (time.monotonic() - began)
            return value
        finally:
            self._stale_at = time.monotonic() + max(self._ttl_s, keep)


def heard(task: asyncio.Task[Any]) -> None:
    """Count a task's error as heard of, though everybody who waited for it has left meanwhile."""
    if not task.cancelled():
        task.exception()


async def in_daemon(compute: Callable[[], T]) -> T:
    """As `asyncio.to_thread`, but the end of the process does not wait for what still runs."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(T, value))

    def work() -> None:
        value: T | None = None
        failure: BaseException | None = None
        try:
            value = compute()
        except BaseException as error:  # handed on, whatever it is
            failure = error
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=work, name="cached", daemon=True).start()
    return await future
