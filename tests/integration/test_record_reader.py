"""Single records of a real broker by their place, as somebody asks for them while more are written."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from api.log.record_reader import RecordReader
from schemas.settings import Settings
from tests.integration.api_world import World


@pytest.fixture
def reader(settings: Settings) -> Iterator[RecordReader]:
    reader = RecordReader(settings)
    yield reader
    reader.close()


def test_a_record_is_found_though_the_log_ended_before_it_a_moment_ago(
    settings: Settings, reader: RecordReader
) -> None:
    """Whoever reads a log's last record is told of its end; that is old when the next record is there."""
    world, topic = World(settings), settings.names.dead_letters
    for number in range(5):
        for _ in range(20):  # so long that the reader's client has heard of the end
            world.put(topic, b"elsewhere", partition=1)
        offset = world.put(topic, str(number).encode())
        record = reader.read((topic, 0), offset, deadline=time.monotonic() + 10)
        assert record is not None, f"record {number} is in the log"
        assert (record.offset(), record.value()) == (number, str(number).encode())


def test_what_the_log_does_not_have_is_none(settings: Settings, reader: RecordReader) -> None:
    world, topic = World(settings), settings.names.dead_letters
    offset = world.put(topic, b"the only one")
    for log, wanted in (((topic, 0), offset + 1), ((topic, 0), offset + 500), ((topic, 1), 0)):
        assert reader.read(log, wanted, deadline=time.monotonic() + 10) is None
        found = reader.read((topic, 0), offset, deadline=time.monotonic() + 10)
        assert found is not None
        assert found.value() == b"the only one"
