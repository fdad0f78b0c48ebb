from __future__ import annotations

import asyncio

import pytest

from processors.streaming import outcomes as module
from processors.streaming.outcomes import DELIVERY_ATTEMPTS, dead_letter, dead_record
from schemas.errors import EnvironmentMissingError, NotJpegError
from schemas.messages import FrameAddress, decode_dead_letter
from tests.unit.processors.streaming.fakes import FakeProducer, info, outcomes, until

ADDRESS = FrameAddress("object-detection", 3, 1234)


@pytest.mark.parametrize(
    ("value", "omitted"),
    [(b"x" * 1000, False), (None, False), (b"", False), (b"x" * 9000, False), (b"x" * 10_000, True)],
)
def test_a_dead_letter_keeps_the_original_where_it_fits(value: bytes | None, omitted: bool) -> None:
    headers = info().encode()
    letter = dead_letter(ADDRESS, NotJpegError("the value is no JPEG"), headers, attempts=2)
    record = dead_record("t.dead-letters", letter, b"gate", value, limit=10_000)
    assert record.value == (None if omitted else value)
    read = decode_dead_letter(record.headers)
    assert (read.address, read.error, read.message, read.attempts) == (
        ADDRESS,
        "NotJpegError",
        "the value is no JPEG",
        2,
    )
    assert read.value_omitted is omitted
    assert list(read.original) == headers
    size = len(record.value or b"") + sum(len(name) + len(text) for name, text in record.headers)
    assert size < 10_000


def test_a_dead_letter_without_a_key_and_a_value_can_be_produced() -> None:
    letter = dead_letter(ADDRESS, NotJpegError("empty"), [], attempts=1)
    assert dead_record("t.dead-letters", letter, None, None, limit=10_000).key == b""


async def test_a_broker_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF_S", (0.0,))
    producer = FakeProducer(failures=DELIVERY_ATTEMPTS - 1)
    await outcomes(producer).expired(0, 5, 9)
    assert len(producer.records) == 1
    with pytest.raises(EnvironmentMissingError, match=r"t\.skips: no acknowledgement after 8 attempts"):
        await outcomes(FakeProducer(failures=DELIVERY_ATTEMPTS)).expired(0, 5, 9)


async def test_an_outcome_is_recorded_when_the_broker_says_so() -> None:
    producer = FakeProducer(manual=True)
    recording = asyncio.create_task(outcomes(producer).expired(0, 5, 9))
    await until(lambda: producer.waiting)
    await asyncio.sleep(0)
    assert not recording.done()
    producer.waiting[0].set_result(None)
    await recording
