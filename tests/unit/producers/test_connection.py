from __future__ import annotations

import logging

import pytest
from confluent_kafka import KafkaError

from producers.connection import Troubles, client_config, reader_config
from schemas.settings import Settings


def test_many_troubles_are_one_line_and_fatal_ones_are_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    troubles = Troubles(Settings(), "capture-frames")
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            troubles(KafkaError(KafkaError._TRANSPORT))
        assert len(caplog.records) == 1
        assert not troubles.fatal.is_set()
        troubles(KafkaError(KafkaError._FATAL, "fenced", True))
    assert troubles.fatal.is_set()
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "client=capture-frames servers=127.0.0.1:9092" in caplog.records[1].message


def test_readers_never_commit() -> None:
    settings = Settings(prefix="x.")
    config = reader_config(settings, "camera-reader")
    assert (config["enable.auto.commit"], config["enable.auto.offset.store"]) == (False, False)
    assert (config["group.id"], config["client.id"]) == ("x.reader", "framebus-camera-reader")
    assert client_config(settings, "a")["bootstrap.servers"] == settings.bootstrap_servers
