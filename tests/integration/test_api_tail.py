"""Following logs on a real broker: what a tail begins with, what it misses (nothing), what it waits for."""

from __future__ import annotations

import time

import pytest

from api.log.tail import LogTail
from api.result_record import ResultRecord
from api.results import ResultReader
from deploy import topics
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.messages import FrameAddress
from schemas.settings import Settings
from tests.integration.api_world import MODEL, World, wait_for

BEFORE = [FrameAddress(MODEL, 0, number) for number in range(5)]
AFTER = [FrameAddress(MODEL, 0, number) for number in range(5, 8)]


def read(tail: ResultReader, count: int) -> list[ResultRecord]:
    records: list[ResultRecord] = []

    def enough() -> bool:
        records.extend(tail.poll(0.1))
        return len(records) >= count

    wait_for(enough)
    assert tail.poll(0) == []
    return records


@pytest.mark.parametrize(("from_beginning", "expected"), [(False, AFTER), (True, BEFORE + AFTER)])
def test_results_from_now_on_or_from_the_beginning(
    settings: Settings, from_beginning: bool, expected: list[FrameAddress]
) -> None:
    world = World(settings)
    for address in BEFORE:
        world.result("gate", address)
    tail = ResultReader(settings, [MODEL], from_beginning=from_beginning)
    for address in AFTER:
        world.result("gate", address)
    world.put(world.names.results(MODEL), b"no result")
    records = read(tail, len(expected))
    tail.close()
    assert sorted(record.result.frame.address for record in records) == [str(address) for address in expected]
    assert all(abs(record.appended_at.timestamp() - time.time()) < 60 for record in records)
    assert len({record.id for record in records}) == len(records)


def test_a_topic_that_comes_later_is_read_from_its_first_record(settings: Settings, catalogue: Catalogue) -> None:
    late = settings.model_copy(update={"prefix": f"{settings.prefix}late."})
    tail = ResultReader(late, [MODEL])
    assert tail.poll(0) == []
    topics.apply(late, catalogue)
    try:
        world = World(late)
        for address in BEFORE:
            world.result("gate", address)
        assert len(read(tail, len(BEFORE))) == len(BEFORE)
    finally:
        tail.close()
        topics.delete(late, catalogue)


def test_a_partition_that_comes_later_is_read_from_its_first_record(settings: Settings, catalogue: Catalogue) -> None:
    world = World(settings)
    tail = LogTail(settings, {world.names.results(MODEL): 0}, check_s=0.1)
    tail.open(deadline=time.monotonic() + 10)
    grown = Catalogue(tuple(model.model_copy(update={"partitions": 6}) for model in catalogue.models))
    topics.apply(settings, grown)
    world.put(world.names.results(MODEL), b"one", partition=5)
    found = wait_for(lambda: tail.poll(0.1))
    tail.close()
    assert [(message.partition(), message.value()) for message in found] == [(5, b"one")]


def test_a_broker_that_is_away_is_an_error_where_now_must_be_exact(settings: Settings) -> None:
    away = settings.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    with pytest.raises(EnvironmentMissingError, match="gave no topics"):
        ResultReader(away, [MODEL], answer_s=0.5)
