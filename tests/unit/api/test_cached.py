from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from api.cached import Cached


class Slow:
    """Counts its calls, and finishes each when it may."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_finish = threading.Event()

    def __call__(self) -> int:
        self.calls += 1
        assert self.may_finish.wait(10)
        return self.calls


async def test_many_askers_share_one_computation() -> None:
    compute = Slow()
    cached = Cached(compute, ttl_s=60)
    askers = [asyncio.create_task(cached.get()) for _ in range(5)]
    await asyncio.sleep(0)
    compute.may_finish.set()
    assert await asyncio.gather(*askers) == [1] * 5
    assert await cached.get() == 1


async def test_a_stale_value_is_computed_again() -> None:
    compute = Slow()
    compute.may_finish.set()
    cached = Cached(compute, ttl_s=0)
    first = await cached.get()
    while await cached.get() == first:  # kept for four times as long as it took, which is next to nothing
        pass
    assert compute.calls == 2


async def test_an_asker_that_leaves_does_not_disturb_the_others() -> None:
    compute = Slow()
    cached = Cached(compute)
    leaving = asyncio.create_task(cached.get())
    staying = asyncio.create_task(cached.get())
    await asyncio.sleep(0)
    leaving.cancel()
    assert await cached.settle(seconds=0.01) is False
    compute.may_finish.set()
    assert await staying == 1
    assert await cached.settle(seconds=5) is True


async def test_an_error_is_shared_and_kept_for_its_time() -> None:
    calls = []

    def fail() -> None:
        calls.append(1)
        raise ValueError("no")

    cached = Cached(fail, ttl_s=60)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            await cached.get()
    assert len(calls) == 1
    assert await Cached(fail).settle(seconds=0) is True


async def test_an_error_that_nobody_waits_for_any_more_is_no_news_to_asyncio() -> None:
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    may_fail = threading.Event()

    def fail() -> None:
        assert may_fail.wait(10)
        raise RuntimeError("away")

    cached = Cached(fail)
    leaving = asyncio.create_task(cached.get())
    await asyncio.sleep(0)
    leaving.cancel()
    may_fail.set()
    assert await cached.settle(seconds=5)
    del cached, leaving
    gc.collect()
    await asyncio.sleep(0)
    assert told == []
