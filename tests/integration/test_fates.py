"""What became of frames that were sent again, as the outcomes on a real broker tell it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import pytest
from confluent_kafka import Message

from api.dead_letters import Fate, Letters, Sending
from api.dead_letters.fates import FateReader
from api.log.kafka import Offsets
from schemas.messages import FrameAddress, SkipReason
from schemas.settings import Settings
from tests.integration.api_world import MODEL, World, wait_for


class Counting(FateReader):
    """Counts what it reads."""

    records = 0

    def _outcomes(self, message: Message, wanted: Collection[FrameAddress]) -> dict[FrameAddress, Fate]:
        self.records += 1
        return super()._outcomes(message, wanted)


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


@pytest.fixture
def fates(settings: Settings) -> Iterator[Counting]:
    offsets = Offsets(settings)
    reader = Counting(settings, offsets)
    yield reader
    reader.close()
    offsets.close()


def sent(offset: int) -> Sending:
    """A dead letter that was sent again just now, to `offset` of partition 0."""
    return Sending(FrameAddress(MODEL, 1, offset), 1, FrameAddress(MODEL, 0, offset), at=datetime.now(UTC))


def find(fates: FateReader, *sendings: Sending) -> list[Fate]:
    found = fates.find(sendings, Letters(10), deadline=time.monotonic() + 10)
    return [found[sending.address] for sending in sendings]


def test_an_outcome_may_be_older_than_its_frame_by_what_clocks_differ(world: World, fates: Counting) -> None:
    world.result("gate", FrameAddress(MODEL, 0, 0))
    begun = time.time_ns() // 1_000_000
    wait_for(lambda: time.time_ns() // 1_000_000 > begun)
    world.commit({0: 1})
    assert find(fates, sent(0)) == [Fate.INFERRED]


def test_what_was_searched_in_vain_is_not_read_again(world: World, fates: Counting) -> None:
    first, second, third = (sent(offset) for offset in range(3))
    world.results("gate", [FrameAddress(MODEL, 0, offset) for offset in range(10, 30)])
    world.commit({0: 2})
    assert find(fates, first, second, third) == [Fate.UNKNOWN, Fate.UNKNOWN, Fate.WAITING]
    read = fates.records
    assert read >= 20
    assert find(fates, first, second, third) == [Fate.UNKNOWN, Fate.UNKNOWN, Fate.WAITING]
    assert fates.records == read
    world.commit({0: 3})
    world.skip(SkipReason.EXPIRED, None, [second.address])
    assert find(fates, first, second) == [Fate.UNKNOWN, Fate.EXPIRED]
    assert fates.records == read + 1
    world.result("gate", third.address)
    assert find(fates, first, second, third) == [Fate.UNKNOWN, Fate.EXPIRED, Fate.INFERRED]
