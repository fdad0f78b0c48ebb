"""Sources behind a network, on real sockets; and a sink whose broker is away."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from producers.counts import FrameCounter
from producers.reader import Reader
from producers.run import CameraRun
from producers.sink import AWAY_S, FrameSink
from producers.sources import Picture, SourceRules, barcode, open_source
from producers.sources.url import UrlSource
from schemas.addresses import AddressRule
from schemas.backoff import Backoff
from schemas.errors import SourceError
from schemas.messages import Camera, CameraState, FrameInfo, Lane, Pacing
from schemas.settings import Settings
from tests.integration.camera_servers import PICTURES_A_CONNECTION, MjpegCamera, VideoFile, http_server
from tests.integration.capture_world import eventually, read_captures, worker_here
from tests.planted import CAMERA_PASSWORD, keep

if TYPE_CHECKING:
    from deploy.local.media import Media


def camera(source: str, **fields: object) -> Camera:
    return Camera.model_validate({"id": "cam", "source": source, "models": ["face-detection"], **fields})


LOCAL = SourceRules(addresses=AddressRule(loopback=True), roots=(Path("/"),))


@pytest.fixture
def rules(tmp_path: Path) -> SourceRules:
    """Rules that allow loopback, and a folder that holds the password of the cameras there."""
    keep(tmp_path / "127.0.0.1", CAMERA_PASSWORD)
    return replace(LOCAL, passwords=tmp_path)


def test_a_camera_that_hangs_up_is_connected_again(rules: SourceRules) -> None:
    stop, states, pictures = Event(), list[tuple[CameraState, str | None]](), list[Picture]()

    def offer(picture: Picture, _moment: float, live: bool) -> None:
        assert live
        pictures.append(picture)
        if len(pictures) > PICTURES_A_CONNECTION + 5:
            stop.set()

    def report(state: CameraState, error: str | None) -> None:
        states.append((state, error))

    with http_server(MjpegCamera) as address:
        url = camera(address.replace("http://", "http://user@") + "/video")
        reader = Reader(url, offer=offer, report=report, stop=stop, backoff=Backoff(0.1, 0.2), rules=rules)
        thread = Thread(target=reader.run)
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
    assert [state for state, _ in states] == [
        CameraState.STREAMING,
        CameraState.FAILED,
        CameraState.CONNECTING,
        CameraState.STREAMING,
    ]
    error = states[1][1]
    assert error is not None
    assert "user@127.0.0.1" in error
    assert CAMERA_PASSWORD not in error
    assert "the stream ended or stood still for 5 s" in error
    assert barcode.read(pictures[10]) in range(PICTURES_A_CONNECTION)


def test_a_rate_limit_thins_a_live_camera_out(rules: SourceRules) -> None:
    stop, pictures = Event(), list[Picture]()
    with http_server(MjpegCamera) as address:
        source = camera(address.replace("http://", "http://user@") + "/video", fps=5)
        states: list[CameraState] = []

        def report(state: CameraState, _: str | None) -> None:
            states.append(state)

        reader = Reader(
            source, offer=lambda picture, *_: pictures.append(picture), report=report, stop=stop, rules=rules
        )
        thread = Thread(target=reader.run)
        thread.start()
        deadline = time.monotonic() + 30
        while CameraState.FAILED not in states and time.monotonic() < deadline:
            time.sleep(0.02)
        stop.set()
        thread.join(10)
    assert 1 <= len(pictures) < PICTURES_A_CONNECTION / 2


def test_a_file_behind_http_is_recorded_and_loops(media: Media) -> None:
    with http_server(type("Bikes", (VideoFile,), {"video": media.path("bikes.mp4")})) as address:
        source = open_source(camera(f"{address}/bikes.mp4"), LOCAL)
        assert (source.live, source.fps) == (False, 25.0)
        count = 0
        while source.read() is not None:
            count += 1
        assert count == 250
        source.close()
        looped = open_source(camera(f"{address}/bikes.mp4", loop=True), LOCAL)
        assert all(looped.read() is not None for _ in range(260))
        looped.close()


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_says_nothing_costs_the_timeout_and_no_more(scheme: str, rules: SourceRules) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://admin@127.0.0.1:{silent.getsockname()[1]}/s"
        started = time.monotonic()
        with pytest.raises(SourceError, match=r"admin@.*(no stream within 0.5 s; expected a video stream|timed out)"):
            UrlSource(url, rules=rules, timeout_s=0.5)
        assert time.monotonic() - started < 5


def test_nobody_there_is_tried_again_with_growing_pauses() -> None:
    stop, errors = Event(), list[str]()
    waits = iter([0.01, 0.02, 0.03])

    class Steps(Backoff):
        def next(self) -> float:
            try:
                return next(waits)
            except StopIteration:
                stop.set()
                return 0.0

    def report(_state: CameraState, error: str | None) -> None:
        if error:
            errors.append(error)

    def offer(_picture: Picture, _moment: float, _live: bool) -> None:
        raise AssertionError("there is no picture")

    Reader(camera("rtsp://127.0.0.1:9/s"), offer=offer, report=report, stop=stop, backoff=Steps(), rules=LOCAL).run()
    assert len(errors) == 3
    assert "source 'rtsp://127.0.0.1:9/s': 127.0.0.1:9: nobody answers (127.0.0.1: Connection refused)" in errors[0]


@pytest.mark.parametrize("source", ["rtsp://[::1/x", "http://[abc]/", "http://cam\u2100.example/"])
def test_a_url_that_nobody_can_read_is_a_broken_camera(source: str) -> None:
    stop, errors = Event(), list[str | None]()

    def report(state: CameraState, error: str | None) -> None:
        assert state is CameraState.FAILED
        errors.append(error)
        stop.set()

    Reader(camera(source), offer=lambda *_: None, report=report, stop=stop, rules=LOCAL).run()
    assert len(errors) == 1
    assert "is a URL that nobody can read" in (errors[0] or "")


def test_frames_that_nobody_takes_fail_and_a_full_queue_refuses() -> None:
    sink = FrameSink(Settings(bootstrap_servers="127.0.0.1:9"), queue_frames=3, give_up_ms=1000)
    counter = FrameCounter("cam", "face-detection", 0)
    info = FrameInfo("face-detection", "cam", "default", 0, 0, datetime.now(UTC), 640, 480)
    taken = 0
    while sink.send(info, b"x" * 1000, 0, counter):
        counter.offer()
        taken += 1
        assert taken <= 3
    assert taken == 3
    assert counter.wait_settled(15)
    counts = counter.snapshot(datetime.now(UTC), closed=True)
    assert counts is not None
    assert (counts.captured, counts.failed, counts.in_flight) == (3, 3, 0)
    assert sink.close(1) == 0


def test_what_is_live_is_given_up_when_an_outage_begins_and_a_batch_waits_on() -> None:
    sink, now = FrameSink(Settings(bootstrap_servers="127.0.0.1:9"), give_up_ms=60_000), datetime.now(UTC)
    counters = {lane: FrameCounter("cam", "face-detection", 0) for lane in (Lane.LIVE, Lane.BATCH)}
    for lane, counter in counters.items():
        info = FrameInfo("face-detection", "cam", "default", 0, counter.offer(), now, 4, 4, lane)
        assert sink.send(info, b"x", 0, counter)
    assert counters[Lane.LIVE].wait_settled(AWAY_S + 20)
    assert not sink.send(info, b"x", 0, counters[Lane.BATCH]), "an outage"
    counts = {lane: counter.snapshot(now) for lane, counter in counters.items()}
    assert [(one.failed, one.in_flight) for one in counts.values() if one] == [(1, 0), (0, 1)]
    # While the report that it was taken out of the queue is read, the batch's frame is there twice.
    eventually(lambda: len(sink._pump.producer) == 1, "the batch's frame alone is queued")
    assert sink.close(0) == 1


@pytest.mark.parametrize("fields", [{"lane": Lane.BATCH}, {"pacing": Pacing.MAX}])
def test_a_live_camera_waits_for_nobody(settings: Settings, tmp_path: Path, fields: dict[str, object]) -> None:
    """Its frames have nowhere to go: were its reader to wait for a batch's place, the camera would be broken by it."""
    keep(tmp_path / "127.0.0.1", CAMERA_PASSWORD)
    settings = settings.model_copy(update={"source_addresses": "loopback", "camera_passwords": tmp_path})
    away = FrameSink(Settings(bootstrap_servers="127.0.0.1:9"), queue_frames=2, give_up_ms=60_000)
    with worker_here(settings, away) as worker, http_server(MjpegCamera) as address:
        run = CameraRun(camera(address.replace("http://", "http://user@") + "/video", **fields), worker)
        run.start()

        def dropped() -> int:
            run.tick()
            return sum(sum(totals.dropped.values()) for totals in read_captures(settings).totals.values())

        try:
            eventually(lambda: dropped() > PICTURES_A_CONNECTION / 2, "what finds no place is dropped")
        finally:
            run.finish(time.monotonic() + 1, farewell=None)
            away.close(0)


def test_a_source_without_one_picture_is_an_error_and_no_end(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_text("not a picture")
    reader = Reader(camera(str(tmp_path)), offer=lambda *_: None, report=lambda *_: None, stop=Event(), rules=LOCAL)
    with pytest.raises(SourceError, match="not one picture in it"):
        reader.run()


def test_a_folder_plays_at_the_cameras_rate(tmp_path: Path) -> None:
    for number in range(6):
        picture = np.full((96, 128, 3), 100, np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    moments: list[float] = []

    def offer(_picture: Picture, _moment: float, _live: bool) -> None:
        moments.append(time.monotonic())

    Reader(camera(str(tmp_path), fps=20), offer=offer, report=lambda *_: None, stop=Event(), rules=LOCAL).run()
    assert len(moments) == 6
    assert moments[-1] - moments[0] == pytest.approx(5 / 20, abs=0.15)


@pytest.mark.parametrize("fields", [{"lane": Lane.BATCH}, {"pacing": Pacing.MAX}], ids=["lane", "pacing"])
def test_a_batch_waits_for_its_place_and_drops_nothing(
    settings: Settings, media: Media, fields: dict[str, Any]
) -> None:
    """A queue of two frames is full all the time: the reader waits for it, and no more pictures lie about than that."""
    settings = settings.model_copy(update={"source_roots": "/"})
    narrow = FrameSink(settings, queue_frames=2)
    pacing = {"pacing": Pacing.MAX} | fields
    with worker_here(settings, narrow) as worker:
        run = CameraRun(camera(str(media.path("bikes.mp4")), **pacing), worker)
        run.start()
        try:
            eventually(
                lambda: any(totals.closed for totals in read_captures(settings).totals.values()), "the file's end"
            )
        finally:
            run.finish(time.monotonic() + 5, farewell=None)
            narrow.close(5)
    (totals,) = read_captures(settings).totals.values()
    assert (totals.captured, totals.delivered, totals.failed, dict(totals.dropped)) == (250, 250, 0, {})
