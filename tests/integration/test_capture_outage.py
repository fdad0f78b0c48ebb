"""The broker is away: capture goes on, holds nothing back, and afterwards sends what is new."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from api.audit.auditor import Auditor
from deploy.local.kafka import EmbeddedKafka
from producers.control import put_camera
from producers.sink import AWAY_S
from schemas.messages import Camera
from schemas.settings import Settings
from tests.integration.capture_world import Frames, capture_worker, eventually, read_captures, read_frames

FACES = "face-detection"
FPS = 10
NAMES = [f"camera-{number}" for number in range(6)]
AWAY: float = AWAY_S + 3.0
"""Seconds: little more than it takes for what waits to be given up, which makes it the hardest."""
FRESH_S = 2.0
ROOM_MIB = 48


def appended(frames: Frames, camera: str, since: datetime) -> list[tuple[datetime, timedelta]]:
    """When each of the camera's frames came to the log after `since`, and how old it was then; in that order."""
    found = []
    for address, info in frames.of(camera).items():
        at = datetime.fromtimestamp(frames.records[address].timestamp()[1] / 1000, UTC)
        if at >= since:
            found.append((at, at - info.captured_at))
    return sorted(found)


def watched(process: psutil.Process, seconds: float) -> Callable[[], bool]:
    """True once so many seconds are over; the process may not grow by more than `ROOM_MIB` before."""
    before, end = process.memory_info().rss, time.monotonic() + seconds

    def over() -> bool:
        grown = (process.memory_info().rss - before) / 2**20
        assert grown < ROOM_MIB, f"capture has grown by {grown:.0f} MiB"
        return time.monotonic() > end

    return over


@pytest.mark.timeout(240)
def test_an_outage_blocks_nothing_holds_nothing_and_ends_with_fresh_frames(
    kafka: EmbeddedKafka, settings: Settings, auditor: Auditor, tmp_path: Path
) -> None:
    for name in NAMES:
        put_camera(settings, Camera(id=name, source="pattern:640x360", models=(FACES,), fps=FPS))
    with capture_worker(settings, tmp_path) as worker:

        def each_has(count: int, since: datetime) -> bool:
            frames = read_frames(settings, FACES)
            return all(len(appended(frames, name, since)) >= count for name in NAMES)

        begun = datetime.now(UTC)
        eventually(lambda: each_has(20, begun), "two seconds of frames")
        kafka.kill()
        eventually(watched(psutil.Process(worker.process.pid), AWAY), "the end of the outage", AWAY + 5)
        back = datetime.now(UTC)
        kafka.start()
        eventually(lambda: each_has(20, back), "two seconds of frames afterwards")
        worker.stop()

    frames, captures = read_frames(settings, FACES), read_captures(settings)
    assert len(captures.totals) == len(NAMES), "each camera's run went on"
    for (name, _, _), totals in captures.totals.items():
        ages = [age for _, age in appended(frames, name, back)]
        assert max(ages) < timedelta(seconds=FRESH_S), f"{name}: old frames came: {ages[:5]}"
        infos = sorted(frames.of(name).values(), key=lambda info: info.seq)
        first, last = infos[0], infos[-1]
        rate = (last.seq - first.seq) / (last.captured_at - first.captured_at).total_seconds()
        assert rate == pytest.approx(FPS, rel=0.1), f"{name} was held up"
        assert totals.closed
        assert totals.imbalance == totals.gap == totals.in_flight == 0
        assert totals.failed > 0
        assert totals.dropped["queue-full"] > FPS * (AWAY - AWAY_S) / 2
        assert totals.captured == totals.delivered + totals.failed + sum(totals.dropped.values())
    auditor.refresh(30.0)
    balance = auditor.balance()
    assert balance.is_clean, balance.unexplained
    assert sum(account.unknown for account in balance.accounts.values()) == 0
