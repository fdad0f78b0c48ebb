from __future__ import annotations

import time
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from api.log import kafka
from api.log.kafka import Offsets
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings


class Admin:
    """A broker that gives these offsets."""

    def __init__(self, *offsets: int) -> None:
        self._offsets = offsets

    def list_offsets(self, request: dict[TopicPartition, Any], **_: float) -> dict[TopicPartition, Future[Any]]:
        answers: dict[TopicPartition, Future[Any]] = {}
        for place, offset in zip(request, self._offsets, strict=True):
            answers[place] = Future()
            answers[place].set_result(SimpleNamespace(offset=offset))
        return answers


@pytest.mark.parametrize("which", ["starts", "ends"])
def test_no_offset_is_no_answer(monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    monkeypatch.setattr(kafka, "AdminClient", lambda _: Admin(7, -1))
    ask = getattr(Offsets(Settings()), which)
    with pytest.raises(EnvironmentMissingError, match=r"gave -1 of frames\.a, partition 1; expected an offset"):
        ask([("frames.a", 0), ("frames.a", 1)], deadline=time.monotonic() + 1)


def test_nothing_later_than_a_moment_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "AdminClient", lambda _: Admin(7, -1))
    found = Offsets(Settings()).since({("a", 0): 5, ("a", 1): 5}, deadline=time.monotonic() + 1)
    assert found == {("a", 0): 7, ("a", 1): None}
