"""Several capture workers share a site's cameras, and a claim fences."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from producers.control import put_camera
from producers.records import RecordSink
from schemas.messages import Camera, CameraState, CaptureClaim
from schemas.settings import Settings
from tests.integration.capture_world import (
    capture_worker,
    eventually,
    read_captures,
    read_frames,
    read_statuses,
)

FACES = "face-detection"


def owners(settings: Settings) -> dict[str, str]:
    """Who streams each camera."""
    statuses = read_statuses(settings)
    return {name: s.owner for name, s in statuses.items() if s and s.state is CameraState.STREAMING}


def test_two_workers_share_the_cameras_and_one_takes_over(settings: Settings, tmp_path: Path) -> None:
    names = [f"camera-{number}" for number in range(6)]
    for name in names:
        put_camera(settings, Camera(id=name, source="pattern:", models=(FACES,), fps=5))
    put_camera(settings, Camera(id="elsewhere", source="pattern:", models=(FACES,), site="north"))
    with capture_worker(settings, tmp_path) as first:
        eventually(lambda: set(owners(settings)) == set(names), "the first worker runs them all")
        with capture_worker(settings, tmp_path) as second:
            eventually(lambda: len(set(owners(settings).values())) == 2, "the second worker has its share")
            eventually(lambda: set(owners(settings)) == set(names), "every camera streams again")
            assert first.stop() < 5
            eventually(lambda: len(set(owners(settings).values())) == 1, "the second worker takes over")
            eventually(lambda: set(owners(settings)) == set(names), "and runs them all")
            second.stop()
    captures = read_captures(settings)
    assert set(captures.claims) == set(names), "another site's camera is not touched"
    for key, totals in captures.totals.items():
        assert totals.closed, key
        assert totals.imbalance == totals.gap == totals.in_flight == 0, key
    assert set.union(*captures.delivered.values()) == set(read_frames(settings, FACES).addresses)
    hands = {name: len(claims) for name, claims in captures.claims.items()}
    assert hands == dict.fromkeys(names, 2), "each changed hands once, and was not restarted when others did"


def test_a_higher_claim_stops_its_camera_and_no_other(settings: Settings, tmp_path: Path) -> None:
    for name in ("fenced", "free"):
        put_camera(settings, Camera(id=name, source="pattern:", models=(FACES,), fps=5))
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: set(owners(settings)) == {"fenced", "free"}, "both stream")
        records = RecordSink(settings)
        claim = CaptureClaim(camera="fenced", site="default", owner="rival", time=datetime.now(UTC))
        assert records.claim(claim, Event()) is not None
        assert records.close(5) == 0
        worker.says("camera fenced camera=fenced")

        def closed() -> bool:
            return any(key[0] == "fenced" and totals.closed for key, totals in read_captures(settings).totals.items())

        eventually(closed, "its counts are closed")
        before = {key: totals.captured for key, totals in read_captures(settings).totals.items() if key[0] == "free"}
        (free,) = before
        eventually(lambda: read_captures(settings).totals[free].captured > before[free], "the other one runs on")
        # The rival never runs it, and the group still says that it is ours: it is not left dark.
        worker.says("camera start camera=fenced again=yes", deadline_s=40)
        eventually(lambda: owners(settings).get("fenced") != "rival", "it streams again")
        worker.stop()
    assert "camera fenced camera=free" not in worker.log.read_text()
