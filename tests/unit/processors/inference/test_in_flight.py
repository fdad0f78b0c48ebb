from __future__ import annotations

import asyncio

import pytest

from processors.inference.in_flight import PATIENCE_S, START, InFlight


async def played(flight: InFlight, *, pace: float, frames: int) -> None:
    """Let frames come as fast as there is room, on a device that infers `pace` a second."""
    for _ in range(frames):
        while not flight.full:
            await flight.take()
        flight.took(flight.taken / pace)  # each waits for all that were taken before it
        flight.give_back()


@pytest.mark.parametrize(
    ("pace", "expected"),
    [(200.0, 24), (24.0, 24), (10.0, 10), (5.0, 5), (1.0, 4)],
    ids=["fast", "just so fast", "slow", "slower", "never fewer than keep the device busy"],
)
async def test_as_many_as_are_done_within_the_horizon(pace: float, expected: int) -> None:
    flight = InFlight(4, 24, 1.0)
    await played(flight, pace=pace, frames=200)
    assert flight.size == expected


async def test_a_model_that_is_fast_again_has_all_places_again() -> None:
    flight = InFlight(4, 24, 1.0)
    await played(flight, pace=2.0, frames=100)
    assert flight.size == 4
    await played(flight, pace=500.0, frames=100)
    assert flight.size == 24


async def test_there_are_few_places_until_the_pace_is_known() -> None:
    flight = InFlight(4, 128, 1.0)
    assert flight.size == START
    await played(flight, pace=300.0, frames=100)
    assert flight.size == 128


@pytest.mark.parametrize(
    ("pace", "patience"),
    [(1000.0, 0.0413), (500.0, 0.0827), (20.0, PATIENCE_S), (5.0, 0.0667), (2.0, 0.0)],
    ids=["fastest", "fast", "slow", "slower", "none to spare"],
)
async def test_patience_is_a_part_of_what_a_frame_takes_and_is_bounded(pace: float, patience: float) -> None:
    flight = InFlight(4, 128, 1.0)
    await played(flight, pace=pace, frames=300)
    while not flight.full:
        assert flight.patience == 0, "what does not wait for a place is urgent"
        await flight.take()
    assert flight.patience == pytest.approx(patience, rel=0.02, abs=1e-3)


async def test_there_are_at_least_as_many_as_keep_the_device_busy() -> None:
    assert InFlight(40, 128, 1.0).size == 40


async def test_few_frames_that_are_quick_leave_the_places_as_they_are() -> None:
    flight = InFlight(4, 24, 1.0)
    for _ in range(100):
        await flight.take()
        flight.took(0.01)
        flight.give_back()
    assert flight.size == 24


async def test_the_least_is_never_more_than_the_most() -> None:
    flight = InFlight(66, 24, 1.0)
    await played(flight, pace=1.0, frames=100)
    assert flight.size == 24


async def test_who_waits_for_a_place_gets_the_next_one() -> None:
    flight = InFlight(1, 1, 1.0)
    await flight.take()
    waiting = asyncio.create_task(flight.take())
    await asyncio.sleep(0)
    assert flight.full
    assert not waiting.done()
    flight.give_back()
    await asyncio.wait_for(waiting, 1)
    assert flight.taken == 1


async def test_who_gives_up_waiting_takes_no_place() -> None:
    flight = InFlight(1, 1, 1.0)
    await flight.take()
    waiting = asyncio.create_task(flight.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    flight.give_back()
    assert flight.taken == 0
    assert not flight.full
