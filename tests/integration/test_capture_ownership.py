"""Several capture workers share a site's cameras, and a claim fences."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from deploy.local.kafka import EmbeddedKafka
from producers.control import put_camera
from producers.records import RecordSink
from schemas.messages import Camera, CameraState, CameraStatus, CaptureClaim
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


def test_the_status_of_a_fenced_camera_is_its_new_owners(settings: Settings, tmp_path: Path) -> None:
    """Its old worker says nothing more of it, when it ends neither."""
    put_camera(settings, Camera(id="fenced", source="pattern:", models=(FACES,), fps=5))
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: set(owners(settings)) == {"fenced"}, "it streams")
        now, records = datetime.now(UTC), RecordSink(settings)
        claim = CaptureClaim(camera="fenced", site="default", owner="rival", time=now)
        assert records.claim(claim, Event()) is not None
        worker.says("camera fenced camera=fenced")
        state = CameraState.STREAMING
        records.status(CameraStatus(camera="fenced", site="default", state=state, since=now, owner="rival"))
        assert records.close(5) == 0
        worker.stop()
    assert owners(settings) == {"fenced": "rival"}


def test_an_outage_longer_than_the_session_stops_no_camera(
    kafka: EmbeddedKafka, settings: Settings, tmp_path: Path
) -> None:
    put_camera(settings, Camera(id="steady", source="pattern:", models=(FACES,), fps=5))
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: set(owners(settings)) == {"steady"}, "it streams")
        kafka.stop()
        worker.says("cameras lost")
        kafka.start()
        sent = len(read_frames(settings, FACES).addresses)
        eventually(lambda: len(read_frames(settings, FACES).addresses) > sent, "frames come at once", deadline_s=8)
        eventually(lambda: worker.log.read_text().count("cameras assigned") == 2, "the group has it again")
        captures = read_captures(settings)
        (run,) = captures.totals
        before = captures.totals[run].captured
        eventually(lambda: read_captures(settings).totals[run].captured > before, "the same run goes on")
        worker.stop()
    captures = read_captures(settings)
    assert {name: len(claims) for name, claims in captures.claims.items()} == {"steady": 1}
    (totals,) = captures.totals.values()
    assert totals.closed
    assert totals.imbalance == totals.gap == totals.in_flight == 0
    assert totals.failed, "what could not be sent for ten seconds was given up, and counted"
