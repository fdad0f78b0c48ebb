from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from processors.streaming.arrivals import GROUP, Arrivals

FOREVER_S = 1000.0


def waiting(on: Arrivals, count: int) -> tuple[list[Future[int]], list[asyncio.Task[int]]]:
    answers: list[Future[int]] = [Future() for _ in range(count)]
    return answers, [asyncio.create_task(on.of(answer)) for answer in answers]


async def begun() -> None:
    """Every task stands where it waits."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_is_done_arrives_at_once_where_nobody_is_patient() -> None:
    on = Arrivals(lambda: 0.0)
    answers, tasks = waiting(on, 3)
    await begun()
    for number, answer in enumerate(answers):
        answer.set_result(number)
        assert await asyncio.wait_for(tasks[number], 5) == number
        assert not any(task.done() for task in tasks[number + 1 :])


async def test_patience_waits_for_a_group() -> None:
    on = Arrivals(lambda: FOREVER_S)
    answers, tasks = waiting(on, 1 + GROUP)
    await begun()
    answers[0].set_result(0)  # nobody looks yet: it wakes the loop
    await asyncio.wait_for(tasks[0], 5)
    for answer in answers[1:GROUP]:
        answer.set_result(1)
    await begun()
    assert not any(task.done() for task in tasks[1:])
    answers[GROUP].set_result(1)
    await asyncio.wait_for(asyncio.gather(*tasks[1:]), 5)


async def test_patience_ends_when_no_group_comes_together() -> None:
    on = Arrivals(lambda: 0.02)
    answers, tasks = waiting(on, GROUP - 1)
    await begun()
    for answer, task in zip(answers, tasks, strict=True):
        answer.set_result(7)
        assert await asyncio.wait_for(task, 5) == 7


async def test_an_error_arrives_like_a_result() -> None:
    (answer,), (task,) = waiting(Arrivals(lambda: 0.0), 1)
    await begun()
    answer.set_exception(ValueError("poison"))
    with pytest.raises(ValueError, match="poison"):
        await task


async def test_who_is_cancelled_cancels_what_has_not_begun() -> None:
    (answer,), (task,) = waiting(Arrivals(lambda: 0.0), 1)
    await begun()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert answer.cancelled()


async def test_nothing_is_overlooked_among_many_threads() -> None:
    patience = iter([0.02, 0.0, 0.02] * 10_000)
    on = Arrivals(lambda: next(patience))
    answers, tasks = waiting(on, 2_000)
    await begun()
    with ThreadPoolExecutor(4) as threads:
        for number, answer in enumerate(answers):
            threads.submit(answer.set_result, number)
        assert await asyncio.wait_for(asyncio.gather(*tasks), 30) == list(range(2_000))
