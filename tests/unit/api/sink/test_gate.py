"""Who waits how long while a receiver is away."""

from __future__ import annotations

import asyncio
import time

from api.sink.answer import Answer
from api.sink.gate import FIRST_S, LAST_S, Gate, waits
from schemas.backoff import Backoff

AWAY = Answer(503, "HTTP 503")


def test_waits_double_up_to_a_minute_and_are_shortened_by_half_at_most() -> None:
    longest, shortest = Backoff(FIRST_S, LAST_S, chance=lambda: 0.0), Backoff(FIRST_S, LAST_S, chance=lambda: 1.0)
    assert [longest.next() for _ in range(9)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert [shortest.next() for _ in range(3)][-1] == 1.0
    assert 0.25 <= waits().next() <= 0.5


async def test_requests_of_one_outage_count_as_one_failure() -> None:
    gate = Gate(asyncio.Event())
    began = time.monotonic()
    for _ in range(16):
        gate.close(AWAY, began=began)
    assert gate._failures == 1
    gate.close(AWAY, began=time.monotonic())
    assert gate._failures == 2
    gate.succeeded()
    assert gate._failures == 0


async def test_what_the_receiver_asks_for_is_kept_and_the_end_does_not_wait_for_it() -> None:
    ending = asyncio.Event()
    gate = Gate(ending)
    assert await gate.passed()
    gate.close(Answer(429, "HTTP 429", wait_s=3000.0), began=time.monotonic())
    assert gate._open_at - time.monotonic() > 2990
    waiting = asyncio.create_task(gate.passed())
    await asyncio.sleep(0)
    ending.set()
    assert not await waiting
