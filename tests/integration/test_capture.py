"""Capture end to end: real video, a real broker, workers as processes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from confluent_kafka import Producer

from producers.connection import client_config
from producers.control import put_camera, read_cameras, remove_camera
from producers.sources import barcode
from schemas.cameras import check_camera
from schemas.catalogue import Catalogue
from schemas.errors import CameraError, EnvironmentMissingError
from schemas.jpeg import check_jpeg
from schemas.ledger.captures import RunTotals
from schemas.messages import Camera, CameraState, CameraStatus, Lane, Pacing
from schemas.settings import Settings
from tests.integration.capture_world import (
    capture_worker,
    eventually,
    read_captures,
    read_frames,
    read_statuses,
    read_topic,
)
from tests.planted import URL_PASSWORD, URL_TOKEN

if TYPE_CHECKING:
    from deploy.local.media import Media

OBJECTS, FACES = "object-detection", "face-detection"


def conserved(totals: RunTotals) -> bool:
    parts = sum(totals.dropped.values()) + totals.delivered + totals.failed
    return totals.closed and totals.imbalance == totals.gap == totals.in_flight == 0 and totals.captured == parts


def delivered(settings: Settings, camera: str, model: str) -> int:
    return sum(len(read) for key, read in read_captures(settings).delivered.items() if key[:2] == (camera, model))


def state_of(settings: Settings, camera: str) -> CameraState | str | None:
    status = read_statuses(settings).get(camera)
    return status.state if status else None


def test_video_and_pattern_end_in_the_log_and_in_the_counts(settings: Settings, media: Media, tmp_path: Path) -> None:
    video = str(media.path("bikes.mp4"))
    put_camera(settings, Camera(id="street", source=video, models=(OBJECTS,), loop=True))
    put_camera(settings, Camera(id="test", source="pattern:1280x720", models=(OBJECTS, FACES), fps=20))
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: delivered(settings, "test", FACES) > 60, "60 frames of the pattern")
        eventually(lambda: delivered(settings, "street", OBJECTS) > 60, "60 frames of the video")
        assert {status.state for status in read_statuses(settings).values() if status} == {CameraState.STREAMING}
        assert worker.stop() < 5

    captures = read_captures(settings)
    objects, faces = read_frames(settings, OBJECTS), read_frames(settings, FACES)
    assert {key[:2] for key in captures.totals} == {("street", OBJECTS), ("test", OBJECTS), ("test", FACES)}
    for (camera, model, run), totals in captures.totals.items():
        assert conserved(totals), (camera, model, totals)
        frames = (objects if model == OBJECTS else faces).of(camera)
        assert captures.delivered[camera, model, run] == set(frames), "counts and log name the same frames"
        assert captures.claims[camera] == [run]
        assert {info.run for info in frames.values()} == {run}
        spread = Counter(address.partition for address in frames)
        assert len(spread) == 4
        assert max(spread.values()) - min(spread.values()) <= 1
        in_order = sorted(frames.values(), key=lambda info: info.seq)
        times = [info.captured_at for info in in_order]
        assert times == sorted(times)
        assert len({info.seq for info in in_order}) == len(in_order)
        fps = (in_order[-1].seq - in_order[0].seq) / (times[-1] - times[0]).total_seconds()
        assert fps == pytest.approx(25 if camera == "street" else 20, rel=0.2)
    for address, info in (objects.of("test") | faces.of("test") | objects.of("street")).items():
        record = (objects if address.model == OBJECTS else faces).records[address]
        assert (record.key(), info.model, info.lane) == (info.camera.encode(), address.model, Lane.LIVE)
        assert check_jpeg(record.value(), limit_bytes=10**6, limit_pixels=10**7) == (info.width, info.height)
        if info.camera == "test":
            picture = cv2.imdecode(np.frombuffer(record.value(), np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert picture.shape == (360, 640, 3)
            assert barcode.read(picture.astype(np.uint8)) == info.seq
    assert {status.state for status in read_statuses(settings).values() if status} == {CameraState.STOPPED}


def test_a_second_stage_gets_no_frames_but_its_name_on_those_of_its_leader(settings: Settings, tmp_path: Path) -> None:
    models = (OBJECTS, "pose", FACES)
    put_camera(settings, Camera(id="street", source="pattern:1280x720", models=models, fps=10))
    put_camera(settings, Camera(id="plain", source="pattern:1280x720", models=(OBJECTS,), fps=10))
    put_camera(settings, Camera(id="lonely", source="pattern:", models=("pose",)))  # as no `camera add` would write it
    with capture_worker(settings, tmp_path) as worker:
        for camera in ("street", "plain"):
            eventually(lambda: delivered(settings, camera, OBJECTS) >= 10, f"frames of {camera}")  # noqa: B023
        eventually(lambda: state_of(settings, "lonely") is CameraState.FAILED, "the camera without a leader fails")
        status = read_statuses(settings)["lonely"]
        worker.stop()
    assert status is not None
    assert "model 'pose' follows 'object-detection'; expected 'object-detection' among its models" in str(status.error)
    objects, faces = read_frames(settings, OBJECTS), read_frames(settings, FACES)
    assert {info.followers for info in objects.of("street").values()} == {("pose",)}
    assert {info.followers for info in (faces.of("street") | objects.of("plain")).values()} == {()}
    # Crops are cut out of the leader's frames: these are as wide as the second stage wants them.
    assert {info.width for info in objects.of("street").values()} == {1280}
    assert {info.width for info in (faces.of("street") | objects.of("plain")).values()} == {640}
    assert not read_frames(settings, "pose").addresses
    assert {key[1] for key in read_captures(settings).totals} == {OBJECTS, FACES}


def test_cameras_come_change_and_go_while_others_run_on(settings: Settings, tmp_path: Path) -> None:
    steady = Camera(id="steady", source="pattern:", models=(FACES,))
    moving = Camera(id="moving", source="pattern:", models=(FACES,), fps=5)
    put_camera(settings, steady)
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: delivered(settings, "steady", FACES), "the first camera streams")
        put_camera(settings, moving)
        eventually(lambda: delivered(settings, "moving", FACES), "the added camera streams")
        put_camera(settings, moving.model_copy(update={"fps": 20.0}))
        eventually(lambda: len(read_captures(settings).claims["moving"]) == 2, "the edited camera has a new run")
        put_camera(settings, moving.model_copy(update={"enabled": False}))
        eventually(lambda: state_of(settings, "moving") is CameraState.STOPPED, "the disabled camera stopped")
        put_camera(settings, moving)
        eventually(lambda: state_of(settings, "moving") is CameraState.STREAMING, "the enabled camera streams")
        remove_camera(settings, "moving")
        eventually(lambda: read_statuses(settings)["moving"] is None, "the removed camera's status is gone")
        assert set(read_cameras(settings)) == {"steady"}
        worker.stop()
    captures = read_captures(settings)
    assert len(captures.claims["moving"]) == 3
    assert len(captures.claims["steady"]) == 1, "nobody touched it"
    assert all(conserved(totals) for totals in captures.totals.values())
    logged = set(read_frames(settings, FACES).addresses)
    assert set.union(*captures.delivered.values()) == logged


def test_a_batch_loses_no_picture_and_ends(settings: Settings, media: Media, tmp_path: Path) -> None:
    video = str(media.path("bikes.mp4"))
    batch = Camera(id="batch", source=video, models=(FACES,), lane=Lane.BATCH, pacing=Pacing.MAX)
    put_camera(settings, batch)
    put_camera(settings, Camera(id="gone", source=str(tmp_path / "gone.mp4"), models=(FACES,)))
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: state_of(settings, "batch") is CameraState.ENDED, "the file ended")
        eventually(lambda: state_of(settings, "gone") is CameraState.FAILED, "the missing file failed")
        worker.stop()
    captures = read_captures(settings)
    (totals,) = [totals for key, totals in captures.totals.items() if key[0] == "batch"]
    assert (totals.captured, totals.delivered, totals.closed) == (250, 250, True)
    frames = read_frames(settings, FACES).of("batch")
    assert {info.seq for info in frames.values()} == set(range(250))
    assert {info.lane for info in frames.values()} == {Lane.BATCH}
    statuses = read_statuses(settings)
    assert statuses["batch"] is not None
    assert statuses["batch"].state is CameraState.ENDED
    assert "No such file or directory; expected a video file" in worker.log.read_text()


def test_a_frame_above_the_limit_is_dropped_and_counted(settings: Settings, tmp_path: Path) -> None:
    small = settings.model_copy(update={"frame_limit_bytes": 16 * 1024})
    put_camera(small, Camera(id="big", source="pattern:1280x720", models=(OBJECTS,), quality=100))
    with capture_worker(small, tmp_path) as worker:
        eventually(lambda: read_captures(small).totals, "counts")
        worker.stop()
    (totals,) = read_captures(small).totals.values()
    assert totals.captured == totals.dropped["too-large"] > 0
    assert conserved(totals)


def test_kill_9_loses_only_the_counts_of_the_last_second(settings: Settings, tmp_path: Path) -> None:
    put_camera(settings, Camera(id="test", source="pattern:", models=(FACES,), fps=25))
    with capture_worker(settings, tmp_path) as worker:
        eventually(lambda: delivered(settings, "test", FACES) > 50, "two seconds of frames")
        worker.kill()
    captures = read_captures(settings)
    ((key, totals),) = captures.totals.items()
    frames = read_frames(settings, FACES)
    assert captures.delivered[key] <= set(frames.addresses)
    assert not totals.closed
    assert totals.imbalance == totals.gap == 0
    newest = max(record.timestamp()[1] for record in frames.records.values())
    uncounted = set(frames.addresses) - captures.delivered[key]
    ages = [(newest - frames.records[address].timestamp()[1]) / 1000 for address in uncounted]
    assert max(ages, default=0.0) < 2.0

    with capture_worker(settings, tmp_path) as successor:
        eventually(lambda: len(read_captures(settings).claims["test"]) == 2, "another worker takes the camera over")
        eventually(lambda: len(read_captures(settings).totals) == 2, "its counts")
        successor.stop()
    _, second = sorted(read_captures(settings).totals)
    assert second[2] > key[2], "a later claim is a higher run"
    assert conserved(read_captures(settings).totals[second])


def test_a_broker_that_is_away_is_waited_for(tmp_path: Path) -> None:
    away = Settings(bootstrap_servers="127.0.0.1:9")
    with capture_worker(away, tmp_path) as worker:
        worker.says("waiting for kafka reason='no Kafka broker answers at 127.0.0.1:9 ")
        assert worker.stop() < 8
    assert "Traceback" not in worker.log.read_text()
    with pytest.raises(EnvironmentMissingError, match=r"kafka 127\.0\.0\.1:9: .* expected a broker"):
        read_cameras(away)


def test_a_specification_with_a_secret_is_refused_by_capture_too(settings: Settings, tmp_path: Path) -> None:
    """Who writes to the topic without our command passes no check: nobody is dialled, and the status says why."""
    source = f"rtsp://admin:{URL_PASSWORD}@127.0.0.1:9/s?token={URL_TOKEN}"
    camera = Camera(id="door", source=source, models=(FACES,))
    producer = Producer(client_config(settings, "test"))
    producer.produce(settings.names.cameras, camera.to_json(), camera.id)
    assert producer.flush(10) == 0
    with capture_worker(settings, tmp_path) as worker:
        worker.says("camera broken camera=door")
        worker.stop()
    errors = [
        CameraStatus.from_json(record.value()).error or ""
        for record in read_topic(settings, settings.names.camera_status)
        if record.value()
    ]
    assert any("source 'rtsp://admin:***@127.0.0.1:9/s?token=***' holds a secret" in error for error in errors)
    assert URL_PASSWORD not in worker.log.read_text() + "".join(errors)


def test_the_desired_state_is_checked_written_and_read(settings: Settings) -> None:
    camera = Camera(id="door", source="rtsp://admin@10.0.0.7/s", models=(FACES,), site="north")
    put_camera(settings, camera)
    put_camera(settings, camera.model_copy(update={"fps": 5.0}))
    put_camera(settings, Camera(id="yard", source="0", models=(OBJECTS, FACES)))
    assert read_cameras(settings) == {
        "door": camera.model_copy(update={"fps": 5.0}),
        "yard": Camera(id="yard", source="0", models=(OBJECTS, FACES)),
    }
    remove_camera(settings, "door")
    remove_camera(settings, "never-was")
    assert set(read_cameras(settings)) == {"yard"}
    doors = {record.partition() for record in read_topic(settings, settings.names.cameras) if record.key() == b"door"}
    assert len(doors) == 1, "a tombstone in another partition would leave a ghost"
    with pytest.raises(CameraError, match="model 'telepathy'"):
        check_camera(camera.model_copy(update={"models": ("telepathy",)}), Catalogue())
    with pytest.raises(CameraError, match="camera id 'No Name'"):
        remove_camera(settings, "No Name")
