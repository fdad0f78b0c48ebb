"""The fence on a real broker: no claim is forgotten, whenever it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event

import pytest

from producers.fence import Fence
from producers.records import RecordSink
from schemas.messages import CaptureClaim
from schemas.settings import Settings
from tests.integration.capture_world import eventually


@pytest.fixture
def records(settings: Settings) -> Iterator[RecordSink]:
    sink = RecordSink(settings)
    yield sink
    sink.close(5)


def claim(records: RecordSink, owner: str) -> tuple[int, int]:
    """The partition and offset of a new claim of the camera `cam`."""
    claimed = CaptureClaim(camera="cam", site="default", owner=owner, time=datetime.now(UTC))
    place = records.claim(claimed, Event())
    assert place is not None
    return place


def test_a_claim_that_came_before_ones_own_was_known_is_handed_on_again(
    settings: Settings, records: RecordSink
) -> None:
    """Another camera's partition is watched, and the rival's claim is read while our own is still on its way."""
    seen: list[tuple[str, int]] = []
    partition, first = claim(records, "before")
    _, own = claim(records, "us")
    _, rival = claim(records, "rival")
    fence = Fence(settings)
    fence.start(lambda camera, offset: seen.append((camera, offset)))
    try:
        fence.watch("other", partition, first)
        eventually(lambda: len(seen) == 3, "the three claims are read")
        assert fence.overtaken("cam", partition, own)
        assert not fence.overtaken("cam", partition, rival)
        fence.watch("cam", partition, rival)
        fence.watch("cam", partition, own)
        eventually(lambda: len(seen) == 4, "the rival's is handed on again")
    finally:
        fence.close()
    assert seen == [("cam", first), ("cam", own), ("cam", rival), ("cam", rival)]


def test_what_was_claimed_before_fences_nobody(settings: Settings, records: RecordSink) -> None:
    seen: list[tuple[str, int]] = []
    claim(records, "before")
    partition, own = claim(records, "us")
    fence = Fence(settings)
    fence.start(lambda camera, offset: seen.append((camera, offset)))
    try:
        fence.watch("cam", partition, own)
        eventually(lambda: seen, "our own claim is read")
        assert not fence.overtaken("cam", partition, own)
    finally:
        fence.close()
    assert seen == [("cam", own)]
