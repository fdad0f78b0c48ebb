"""A camera's hours end and begin again while it runs: a whole worker in this process, by a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from producers.desired import Farewell
from producers.manager import Manager
from producers.sink import FrameSink
from schemas.messages import Camera, CameraState, CameraStatus
from schemas.names import Metric
from schemas.settings import Settings
from tests.integration.capture_world import eventually, read_captures, read_frames, read_statuses, worker_here

FACES = "face-detection"
OFFICE = Camera(
    id="office",
    source="pattern:128x96",
    models=(FACES,),
    fps=10,
    schedule=("mon-fri 08:00-20:00",),
    timezone="Asia/Tokyo",
)


class Clock:
    """A wall clock that stands where it is set."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 5, tzinfo=UTC)  # Monday, 09:00 in Tokyo

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def manager(settings: Settings, clock: Clock, registry: CollectorRegistry) -> Iterator[Manager]:
    frames = FrameSink(settings)
    with worker_here(settings, frames, registry=registry, now=clock) as worker:
        manager = Manager(worker)
        worker.fence.start(manager.fence)
        yield manager
        manager.close()
        assert frames.close(5) == 0


def test_a_camera_is_connected_in_its_hours_alone_and_goes_on_in_the_same_run(
    settings: Settings, manager: Manager, clock: Clock, registry: CollectorRegistry
) -> None:
    def told(state: CameraState) -> CameraStatus | None:
        status = read_statuses(settings).get("office")
        return status if status and status.state is state else None

    def up() -> float | None:
        return registry.get_sample_value(Metric.CAMERA_UP, {"camera": "office"})

    def sent() -> int:
        return len(read_frames(settings, FACES).of("office"))

    manager.apply({"office": OFFICE}, lambda _: Farewell.STOPPED)
    eventually(lambda: told(CameraState.STREAMING), "it streams")
    assert up() == 1
    clock.moment = datetime(2026, 1, 9, 11, 0, tzinfo=UTC)  # Friday, 20:00
    stopped = eventually(lambda: told(CameraState.STOPPED), "its hours end")
    assert stopped.note == "outside of its hours until mon 2026-01-12 08:00 Asia/Tokyo"
    assert up() is None, "nobody is to be woken"
    before = sent()
    clock.moment = datetime(2026, 1, 12, 0, 0, tzinfo=UTC)
    again = eventually(lambda: told(CameraState.STREAMING), "its hours begin again")
    assert again.note is None
    eventually(lambda: sent() > before, "frames come")
    manager.apply({}, lambda _: Farewell.STOPPED)
    ((_, _, run),) = captures = read_captures(settings).totals
    (totals,) = captures.values()
    assert {again.run, stopped.run} == {run}
    assert totals.closed
    assert totals.imbalance == totals.gap == totals.in_flight == 0
    seqs = sorted(info.seq for info in read_frames(settings, FACES).of("office").values())
    assert seqs == list(range(len(seqs)))
