"""Changes reach the owners of cameras, and nobody else: shown by the frames of those that nobody touched."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from producers.control import put_camera, remove_camera
from schemas.catalogue import Catalogue
from schemas.messages import Camera, CameraState, CameraStatus, FrameInfo
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import wait_for
from tests.integration.capture_world import (
    CaptureWorker,
    capture_worker,
    eventually,
    read_captures,
    read_frames,
    read_statuses,
)

FACES = "face-detection"
PATTERN = Camera(id="x", source="pattern:128x96", models=(FACES,), fps=10)
ACTS_S = 3.0
"""How soon the owner of a camera does what was asked."""
SESSION_S = 10.0
"""How long a group waits for a member that died."""


def named(*names: str, site: str = "default") -> list[Camera]:
    return [PATTERN.model_copy(update={"id": name, "site": site}) for name in names]


def status_of(settings: Settings, camera: str) -> CameraStatus | None:
    return read_statuses(settings).get(camera)


def streaming(settings: Settings, names: set[str]) -> dict[str, str]:
    """The owners of the cameras that stream, once all of `names` do; else nothing."""
    found = {
        name: status.owner
        for name, status in read_statuses(settings).items()
        if status and status.state is CameraState.STREAMING and name in names
    }
    return found if found.keys() == names else {}


def frames_of(settings: Settings, camera: str) -> list[FrameInfo]:
    frames = read_frames(settings, FACES).of(camera).values()
    return sorted(frames, key=lambda info: (info.run, info.seq))


def assert_uninterrupted(settings: Settings, camera: str, *, longest_s: float = 2.0) -> None:
    """One run, no picture missing between its first and its last, and none much later than the one before."""
    frames = frames_of(settings, camera)
    assert len(frames) > 10
    assert len({info.run for info in frames}) == 1, f"{camera} was not started again"
    seqs = [info.seq for info in frames]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), f"{camera} lost pictures"
    times = [info.captured_at for info in frames]
    gaps = [(later - earlier).total_seconds() for earlier, later in zip(times, times[1:], strict=False)]
    assert max(gaps) < longest_s, f"{camera} stood still for {max(gaps):.1f} s"


def test_owners_act_at_once_and_touch_no_other_camera(settings: Settings, catalogue: Catalogue, tmp_path: Path) -> None:
    others = [f"other-{number}" for number in range(4)]
    for camera in named(*others):
        put_camera(settings, camera)
    put_camera(settings, Camera(id="dead", source="rtsp://192.0.2.1/s", models=(FACES,)))  # nobody ever answers there
    took: dict[str, float] = {}
    with capture_worker(settings, tmp_path) as worker, serving(settings, catalogue) as client:
        eventually(lambda: streaming(settings, set(others)), "the others stream")
        for step, method, body, done in STEPS:
            path = "" if method == "POST" else "/moving"
            begun = time.monotonic()
            answer = client.request(method, f"/api/v1/cameras{path}", json=body)
            assert answer.is_success, answer.text
            eventually(lambda: done(client), step, 20)  # noqa: B023  # called before the loop goes on
            took[step] = time.monotonic() - begun
        assert client.delete("/api/v1/cameras/dead").status_code == 204
        eventually(lambda: status_of(settings, "dead") is None, "the dead one is gone too", 20)
        worker.stop()
    assert max(took.values()) < ACTS_S, took
    for camera in others:
        assert_uninterrupted(settings, camera)
    assert len(read_captures(settings).claims["moving"]) == 3


def _moving(client: httpx.Client) -> dict[str, object]:
    status: dict[str, object] = client.get("/api/v1/cameras/moving").json().get("status") or {}
    return status


STEPS = [
    (
        "added",
        "POST",
        named("moving")[0].model_dump(mode="json"),
        lambda client: _moving(client)["state"] == "streaming",
    ),
    ("edited", "PATCH", {"source": "pattern:160x120"}, lambda client: _moving(client)["width"] == 160),
    ("disabled", "PATCH", {"enabled": False}, lambda client: _moving(client)["state"] == "stopped"),
    ("enabled", "PATCH", {"enabled": True}, lambda client: _moving(client)["state"] == "streaming"),
    ("removed", "DELETE", None, lambda client: client.get("/api/v1/cameras/moving").status_code == 404),
]


def test_a_camera_that_stays_is_not_interrupted_when_workers_come_and_go(settings: Settings, tmp_path: Path) -> None:
    names = [f"camera-{number}" for number in range(8)]
    for camera in named(*names):
        put_camera(settings, camera)
    with capture_worker(settings, tmp_path) as first:
        before = eventually(lambda: streaming(settings, set(names)), "one worker runs them all")
        with capture_worker(settings, tmp_path) as second:
            eventually(lambda: len(set(streaming(settings, set(names)).values())) == 2, "the second has its share")
            after = streaming(settings, set(names))
            stayed = [name for name in names if before[name] == after[name]]
            enough = {name: len(frames_of(settings, name)) + 20 for name in stayed}
            eventually(
                lambda: all(len(frames_of(settings, name)) > most for name, most in enough.items()), "they go on"
            )
            second.stop()
            eventually(lambda: len(set(streaming(settings, set(names)).values())) == 1, "the first has them all again")
            first.stop()
    assert stayed
    assert len(stayed) < len(names)
    for name in stayed:
        assert_uninterrupted(settings, name)


def test_the_cameras_of_a_killed_worker_move_within_its_session(settings: Settings, tmp_path: Path) -> None:
    names = {f"camera-{number}" for number in range(6)}
    for camera in named(*names):
        put_camera(settings, camera)
    with capture_worker(settings, tmp_path) as first:
        eventually(lambda: streaming(settings, names), "the first runs them all")
        with capture_worker(settings, tmp_path) as second:
            eventually(lambda: len(set(streaming(settings, names).values())) == 2, "both run some")
            owners = streaming(settings, names)
            killed = {name for name, owner in owners.items() if owner.endswith(f"-{first.process.pid}")}
            first.kill()
            died = datetime.now(UTC)
            eventually(lambda: len(set(streaming(settings, names).values())) == 1, "the second takes over")
            second.stop()
    assert killed
    for name in names - killed:
        assert_uninterrupted(settings, name)
    for name in killed:
        runs = sorted({info.run for info in frames_of(settings, name)})
        assert len(runs) == 2
        first_frame = next(info for info in frames_of(settings, name) if info.run == runs[1])
        assert first_frame.captured_at - died < timedelta(seconds=SESSION_S + ACTS_S)


@pytest.mark.timeout(240)
def test_a_worker_that_slept_gives_up_what_another_has_taken(settings: Settings, tmp_path: Path) -> None:
    """Two workers never both stay: the one that wakes up is fenced by the newer claims, whatever it believes."""
    names = {"camera-0", "camera-1"}
    for camera in named(*names):
        put_camera(settings, camera)
    with capture_worker(settings, tmp_path) as sleeper:
        eventually(lambda: streaming(settings, names), "it runs them")
        sleeper.process.send_signal(signal.SIGSTOP)
        with capture_worker(settings, tmp_path) as other:
            eventually(lambda: _owned_by(settings, names, other), "another takes them over")
            sleeper.process.send_signal(signal.SIGCONT)
            newest = {name: max(read_captures(settings).claims[name]) for name in names}

            def fenced() -> bool:
                totals = read_captures(settings).totals
                old = [one for (name, _, run), one in totals.items() if run < newest[name]]
                return len(old) == len(names) and all(one.closed for one in old)

            eventually(fenced, "the sleeper closes the counts of its runs", 30)
            kept = {run for (_, _, run) in read_captures(settings).totals}
            before = {name: _last(settings, name) for name in names}
            eventually(lambda: all(_last(settings, name)[1] > before[name][1] + 30 for name in names), "frames go on")
            sent = [info for name in names for info in frames_of(settings, name)]
            assert {info.run for info in sent if info.captured_at > datetime.now(UTC) - timedelta(seconds=1.5)} <= kept
            late = {name: {info.run for info in frames_of(settings, name)[-20:]} for name in names}
            assert all(len(runs) == 1 for runs in late.values()), "one worker alone sends each camera's frames"
            sleeper.stop()
            other.stop()


def _owned_by(settings: Settings, names: set[str], worker: CaptureWorker) -> bool:
    owners = streaming(settings, names).values()
    return bool(owners) and all(owner.endswith(f"-{worker.process.pid}") for owner in owners)


def _last(settings: Settings, camera: str) -> tuple[int, int]:
    info = frames_of(settings, camera)[-1]
    return info.run, info.seq


def test_a_camera_is_given_to_its_own_site_alone(settings: Settings, tmp_path: Path) -> None:
    north = settings.model_copy(update={"site": "north"})
    for camera in (*named("a-1", "a-2"), *named("b-1", "b-2", site="north")):
        put_camera(settings, camera)
    with capture_worker(settings, tmp_path) as here, capture_worker(north, tmp_path) as there:
        eventually(lambda: streaming(settings, {"a-1", "a-2", "b-1", "b-2"}), "all stream")
        put_camera(settings, named("a-1", site="north")[0])  # it moves
        eventually(lambda: _owned_by(settings, {"a-1", "b-1", "b-2"}, there), "the other site has it")
        assert _owned_by(settings, {"a-2"}, here)
        remove_camera(settings, "b-2")
        here.kill()  # nobody of the other site takes over
        there.stop()
    claims = read_captures(settings).claims
    assert {name: len(offsets) for name, offsets in claims.items()} == {"a-1": 2, "a-2": 1, "b-1": 1, "b-2": 1}
    assert "camera=a-2" not in there.log.read_text()
    assert "camera=b-" not in here.log.read_text()
    assert status_of(settings, "a-2") is not None


def test_a_camera_is_connected_in_its_hours_alone(settings: Settings, tmp_path: Path) -> None:
    """Hours that are not now, in a zone of its own; then hours that are."""
    now = datetime.now(UTC)
    closed, opened = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (6, 12))
    hours = f"{closed}-{opened}"
    put_camera(settings, PATTERN.model_copy(update={"schedule": (hours,)}))
    put_camera(settings, *named("always"))
    with capture_worker(settings, tmp_path) as worker:
        status = eventually(lambda: _in_state(settings, "x", CameraState.STOPPED), "it is stopped")
        assert status.note.startswith("outside of its hours until ")
        assert status.note.endswith(f"{closed} UTC")
        eventually(lambda: streaming(settings, {"always"}), "another one is not")
        assert not frames_of(settings, "x")
        put_camera(settings, PATTERN.model_copy(update={"schedule": (hours, f"{opened}-{closed}")}))
        eventually(lambda: streaming(settings, {"x"}), "the hours that are now were added")
        assert status_of(settings, "x").note is None  # type: ignore[union-attr]
        worker.stop()


def _in_state(settings: Settings, camera: str, state: CameraState) -> CameraStatus | None:
    status = status_of(settings, camera)
    return status if status and status.state is state else None


def test_hours_that_end_disconnect_and_begin_again_in_the_same_run(settings: Settings, tmp_path: Path) -> None:
    """The end of a minute is the longest that there is to wait for."""
    wait_for(lambda: datetime.now(UTC).second < 40, 30)
    minute = datetime.now(UTC).replace(second=0)
    now, then, later = ((minute + timedelta(minutes=number)).strftime("%H:%M") for number in (0, 1, 2))
    camera = PATTERN.model_copy(update={"schedule": (f"{now}-{then}", f"{later}-{now}")})
    put_camera(settings, camera)
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: streaming(settings, {"x"}), "it streams")
        status = eventually(lambda: _in_state(settings, "x", CameraState.STOPPED), "its hours end", 70)
        assert status.note.endswith(f"{later} UTC")
        sent = len(frames_of(settings, "x"))
        eventually(lambda: streaming(settings, {"x"}), "its hours begin again", 80)
        eventually(lambda: len(frames_of(settings, "x")) > sent + 5, "frames come")
        worker.stop()
    frames = frames_of(settings, "x")
    assert {info.run for info in frames} == {status.run}
    assert [info.seq for info in frames] == list(range(len(frames)))
    ends = minute.replace(microsecond=0) + timedelta(minutes=1)
    off = [info for info in frames if timedelta(seconds=2) < info.captured_at - ends < timedelta(seconds=59)]
    assert not off
