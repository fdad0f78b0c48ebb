from __future__ import annotations

from datetime import UTC, datetime, timedelta

from producers.status import StatusBoard
from schemas.messages import Camera, CameraState

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def board() -> StatusBoard:
    return StatusBoard(Camera(id="a", source="pattern:", models=("m",)), "host-1", START)


def test_the_measured_rate_and_the_size() -> None:
    status = board()
    status.claimed(12)
    assert status.change(CameraState.STREAMING, at(1))
    for _ in range(50):
        status.offered(640, 480)
    seen = status.snapshot(at(5))
    assert (seen.state, seen.since, seen.run, seen.fps, seen.width, seen.height) == (
        CameraState.STREAMING,
        at(1),
        12,
        10.0,
        640,
        480,
    )
    assert status.snapshot(at(5.5)).fps == 10.0  # too soon to measure anew
    assert status.snapshot(at(10)).fps == 0.0


def test_only_a_change_is_a_change() -> None:
    status = board()
    assert not status.change(CameraState.CONNECTING, at(1))
    assert status.change(CameraState.FAILED, at(2), error="no route")
    assert not status.change(CameraState.FAILED, at(3), error="no route")
    assert status.change(CameraState.FAILED, at(4), error="refused")
    seen = status.snapshot(at(5))
    assert (seen.since, seen.error, seen.fps) == (at(2), "refused", None)
    assert status.change(CameraState.STREAMING, at(6))
    assert status.snapshot(at(7)).error is None


def test_a_still_camera_has_a_rate_too() -> None:
    status = board()
    assert status.change(CameraState.STILL, at(0))
    for _ in range(20):
        status.offered(640, 480)
    assert status.snapshot(at(2)).fps == 10.0


def test_what_was_wrong_last_is_remembered() -> None:
    status = board()
    assert status.snapshot(at(0)).last_error is None
    status.change(CameraState.FAILED, at(2), error="no route")
    status.change(CameraState.CONNECTING, at(3))
    status.change(CameraState.STREAMING, at(4))
    seen = status.snapshot(at(5))
    assert (seen.error, seen.last_error, seen.last_error_at) == (None, "no route", at(2))


def test_a_note_is_of_its_state_alone() -> None:
    status = board()
    assert status.change(CameraState.STOPPED, at(1), note="outside of its hours until mon")
    assert not status.change(CameraState.STOPPED, at(2), note="outside of its hours until mon")
    assert status.snapshot(at(3)).note == "outside of its hours until mon"
    assert status.change(CameraState.CONNECTING, at(4))
    assert status.snapshot(at(5)).note is None
