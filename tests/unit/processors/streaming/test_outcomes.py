from __future__ import annotations

import asyncio

import pytest

from processors.streaming import outcomes as module
from processors.streaming.outcomes import DELIVERY_ATTEMPTS, dead_letter, dead_record
from schemas.errors import EnvironmentMissingError, NotJpegError
from schemas.messages import FrameAddress, Redriven, decode_dead_letter, redriven_headers
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
    size = len(record.value or b"") + sum(len(name) + len(text or b"") for name, text in record.headers)
    assert size < 10_000


@pytest.mark.parametrize(
    ("key", "value", "written"), [(None, None, b""), (None, b"x", None), (b"", b"x", b""), (b"gate", None, b"gate")]
)
def test_a_dead_letter_keeps_its_key_where_a_client_would_write_it(
    key: bytes | None, value: bytes | None, written: bytes | None
) -> None:
    letter = dead_letter(ADDRESS, NotJpegError("empty"), [], attempts=1)
    assert dead_record("t.dead-letters", letter, key, value, limit=10_000).key == written


def test_headers_that_do_not_fit_go_but_for_those_that_name_the_first_address() -> None:
    headers = [*redriven_headers(info().encode(), Redriven(ADDRESS, 2)), ("endless", b"x" * 20_000)]
    letter = dead_letter(FrameAddress("object-detection", 0, 9), NotJpegError("why"), headers, attempts=1)
    read = decode_dead_letter(dead_record("t.dead-letters", letter, b"gate", b"x", limit=10_000).headers)
    assert (read.value_omitted, read.headers_omitted) == (True, True)
    assert read.redriven == Redriven(ADDRESS, 2)
    assert len(read.original) == 2


async def test_a_broker_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF_S", (0.0,))
    producer = FakeProducer(failures=DELIVERY_ATTEMPTS - 1)
    await outcomes(producer).expired({0: (5, 9)})
    assert len(producer.records) == 1
    with pytest.raises(EnvironmentMissingError, match=r"t\.skips: no acknowledgement after 8 attempts"):
        await outcomes(FakeProducer(failures=DELIVERY_ATTEMPTS)).expired({0: (5, 9)})


async def test_an_outcome_is_recorded_when_the_broker_says_so() -> None:
    producer = FakeProducer(manual=True)
    recording = asyncio.create_task(outcomes(producer).expired({0: (5, 9)}))
    await until(lambda: producer.waiting)
    await asyncio.sleep(0)
    assert not recording.done()
    producer.waiting[0].set_result(None)
    await recording
