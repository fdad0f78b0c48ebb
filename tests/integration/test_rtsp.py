"""RTSP from a real server, GStreamer's: log in, go away, come back."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
import trustme

from deploy.local.ports import free_port
from producers.control import put_camera
from producers.reader import Reader
from producers.sources import Picture, SourceRules, open_source
from producers.sources.url import TIMEOUT_S
from schemas.addresses import AddressRule
from schemas.backoff import Backoff
from schemas.errors import SourceError
from schemas.messages import Camera, CameraState, Transport
from schemas.settings import Settings
from tests.integration.capture_world import capture_worker, eventually, read_frames, read_statuses
from tests.planted import CAMERA_PASSWORD, OTHER_HOST_PASSWORD, keep

PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).with_name("rtsp_server.py")


def _available() -> bool:
    probe = (
        "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')\n"
        "from gi.repository import Gst; Gst.init(None); assert Gst.ElementFactory.find('x264enc')"
    )
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _available() and not os.environ.get("CI"),  # where changes are checked, a lack must not pass for a success
    reason="needs Debian's python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly",
)


@contextmanager
def rtsp_server(port: int, method: str = "digest") -> Iterator[subprocess.Popen[str]]:
    """GStreamer's server, a process, on `port`, for who logs in by `method`."""
    process = subprocess.Popen(
        [PYTHON, SERVER, str(port), method], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(CAMERA_PASSWORD + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "serving\n"
            yield process
        finally:
            process.kill()


def camera(port: int, path: str = "video", transport: Transport = Transport.TCP) -> Camera:
    source = f"rtsp://user@127.0.0.1:{port}/{path}"
    return Camera(id="cam", source=source, models=("face-detection",), transport=transport)


@pytest.fixture
def rules(tmp_path: Path) -> SourceRules:
    """Rules that allow loopback, and a folder for passwords with the camera's."""
    keep(tmp_path / "127.0.0.1", CAMERA_PASSWORD)
    return SourceRules(addresses=AddressRule(loopback=True), passwords=tmp_path)


@contextmanager
def tls_front(port: int, folder: Path) -> Iterator[int]:
    """A port that speaks TLS for the server on `port`, one connection after the other; its authority is in ca.pem."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    stop = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)

        def serve() -> None:
            while not stop.is_set():
                with suppress(OSError):
                    accepted, _ = listener.accept()
                    with (
                        context.wrap_socket(accepted, server_side=True) as outer,
                        socket.create_connection(("127.0.0.1", port)) as inner,
                    ):
                        _splice(outer, inner, stop)

        thread = Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def _splice(outer: ssl.SSLSocket, inner: socket.socket, stop: Event) -> None:
    with (
        selectors.DefaultSelector() as readable
    ):  # select() knows no file beyond the 1,024th, which a long run may reach
        for one in (outer, inner):
            readable.register(one, selectors.EVENT_READ, one)
        while not stop.is_set():
            ready = [outer] if outer.pending() else [key.data for key, _ in readable.select(0.1)]
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                (inner if one is outer else outer).sendall(data)


def test_a_camera_behind_tls_shows_who_it_is(rules: SourceRules, tmp_path: Path) -> None:
    port = free_port()
    with rtsp_server(port), tls_front(port, tmp_path) as locked:
        secure = camera(locked).model_copy(update={"source": f"rtsps://user@127.0.0.1:{locked}/video"})
        with pytest.raises(SourceError, match="TLS: unable to get local issuer certificate"):
            open_source(secure, rules)
        source = open_source(secure, replace(rules, ca_file=tmp_path / "ca.pem"))
        pictures = [source.read() for _ in range(15)]
        source.close()
    assert all(picture is not None and picture.shape == (240, 320, 3) for picture in pictures)


def test_ffmpeg_prints_no_password_whatever_its_level(
    rules: SourceRules, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "56")
    monkeypatch.setenv("OPENCV_FFMPEG_DEBUG", "1")
    port = free_port()
    with rtsp_server(port, "basic"):
        source = open_source(camera(port), rules)
        assert source.read() is not None
        source.close()
    assert "127.0.0.1" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_camera_is_logged_in_to(method: str, rules: SourceRules) -> None:
    port = free_port()
    with rtsp_server(port, method):
        source = open_source(camera(port), rules)
        pictures = [source.read() for _ in range(15)]
        source.close()
    assert source.live
    assert all(picture is not None and picture.shape == (240, 320, 3) for picture in pictures)


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_tcp_and_udp_at_once_in_one_process(method: str, rules: SourceRules) -> None:
    """The server has each path by one transport only, so what comes came by it; FFmpeg's options stay what they are."""
    port = free_port()
    with rtsp_server(port, method), ExitStack() as stack:
        sources = [
            stack.enter_context(closing(open_source(camera(port, path, transport), rules)))
            for path, transport in (("tcp", Transport.TCP), ("udp", Transport.UDP), ("h264", Transport.UDP))
        ]
        options = os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"]
        shapes = [picture.shape for _ in range(15) for source in sources if (picture := source.read()) is not None]
        assert os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] == options
    assert "rtsp_transport;tcp" in options
    assert shapes == [(240, 320, 3)] * 45


@pytest.mark.parametrize(("path", "transport"), [("udp", Transport.TCP), ("tcp", Transport.UDP)])
def test_a_camera_without_that_transport_says_so(path: str, transport: Transport, rules: SourceRules) -> None:
    port = free_port()
    with rtsp_server(port), pytest.raises(SourceError, match="the camera answers 461 Unsupported transport"):
        open_source(camera(port, path, transport), rules)


@pytest.mark.parametrize(("path", "has"), [("sound", "audio PCMU"), ("unknown", "application X-GST")])
def test_a_camera_without_video_that_can_be_decoded_says_what_it_has(path: str, has: str, rules: SourceRules) -> None:
    port = free_port()
    with rtsp_server(port), pytest.raises(SourceError, match=rf"no video that FFmpeg decodes \({has}\); expected"):
        open_source(camera(port, path), rules)


def test_lost_packets_cost_pictures_and_not_the_camera(rules: SourceRules) -> None:
    """Every tenth packet is missing, so most pictures are torn; those that come are whole, and they go on coming."""
    port = free_port()
    with rtsp_server(port), closing(open_source(camera(port, "lossy", Transport.UDP), rules)) as source:
        pictures = [source.read() for _ in range(20)]
    assert all(picture is not None and picture.shape == (240, 320, 3) for picture in pictures)


def test_udp_is_not_for_a_camera_that_encrypts(rules: SourceRules) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        secure = camera(port, transport=Transport.UDP).model_copy(update={"source": f"rtsps://user@127.0.0.1:{port}/v"})
        with pytest.raises(SourceError, match="pictures by UDP would not be encrypted; expected rtsp://, or transport"):
            open_source(secure, rules)


@pytest.mark.parametrize("transport", list(Transport))
def test_a_camera_that_stands_still_has_failed_after_five_seconds(transport: Transport, rules: SourceRules) -> None:
    """The server is stopped, not ended: its connections stay, and nothing more comes."""
    port = free_port()
    with (
        rtsp_server(port) as process,
        closing(open_source(camera(port, "h264", transport), rules)) as source,
    ):
        assert source.read() is not None
        process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(SourceError, match="the stream ended or stood still for 5 s"):
            while True:
                source.read()
        assert TIMEOUT_S - 0.5 < time.monotonic() - started < TIMEOUT_S + 10


def test_a_wrong_password_is_told_and_not_shown(rules: SourceRules, tmp_path: Path) -> None:
    keep(tmp_path / "127.0.0.1", OTHER_HOST_PASSWORD)
    port = free_port()
    with rtsp_server(port), pytest.raises(SourceError, match="the camera answers 401 Unauthorized") as caught:
        open_source(camera(port), rules)
    assert OTHER_HOST_PASSWORD not in str(caught.value)


@pytest.mark.parametrize("transport", list(Transport))
def test_a_camera_that_goes_away_is_found_again_with_its_new_password(
    transport: Transport, rules: SourceRules, tmp_path: Path
) -> None:
    keep(tmp_path / "127.0.0.1", OTHER_HOST_PASSWORD)
    stop, pictures, states = Event(), list[Picture](), list[tuple[CameraState, str | None]]()

    def report(state: CameraState, error: str | None) -> None:
        states.append((state, error))

    port = free_port()
    reader = Reader(
        camera(port, transport=transport),
        offer=lambda picture, *_: pictures.append(picture),
        report=report,
        stop=stop,
        backoff=Backoff(0.1, 0.2),
        rules=rules,
    )
    thread = Thread(target=reader.run)
    thread.start()
    try:
        with rtsp_server(port):
            eventually(lambda: any("401" in (error or "") for _, error in states), "the camera refuses the password")
            keep(tmp_path / "127.0.0.1", CAMERA_PASSWORD)
            eventually(lambda: len(pictures) >= 5, "pictures of the camera")
        eventually(lambda: states[-1][0] is CameraState.FAILED, "the camera is missed")
        eventually(lambda: "nobody answers" in (states[-1][1] or ""), "the reason of the last attempt")
        count = len(pictures)
        with rtsp_server(port):
            eventually(lambda: len(pictures) >= count + 5, "pictures after it came back")
            stop.set()
            thread.join(15)
    finally:
        stop.set()
        thread.join(15)
    assert not thread.is_alive()
    assert states[-1][0] is CameraState.STREAMING


def test_one_worker_has_cameras_of_both_transports(settings: Settings, rules: SourceRules, tmp_path: Path) -> None:
    """A capture process as it runs, with cameras from the topic, and one beside them whose server has stopped."""
    local = settings.model_copy(update={"source_addresses": "loopback", "camera_passwords": rules.passwords})
    port, other = free_port(), free_port()
    with rtsp_server(port), rtsp_server(other) as frozen:
        for path, transport in (("tcp", Transport.TCP), ("udp", Transport.UDP), ("h264", Transport.UDP)):
            put_camera(local, camera(port, path, transport).model_copy(update={"id": path}))
        put_camera(local, camera(other).model_copy(update={"id": "frozen"}))
        with capture_worker(local, tmp_path) as worker:

            def frames(name: str) -> int:
                return len(read_frames(local, "face-detection").of(name))

            eventually(lambda: all(frames(name) > 5 for name in ("tcp", "udp", "h264", "frozen")), "frames of all")
            frozen.send_signal(signal.SIGSTOP)
            before = {name: frames(name) for name in ("tcp", "udp", "h264")}
            eventually(
                lambda: (status := read_statuses(local)["frozen"]) and "stood still for 5 s" in (status.error or ""),
                "the one that stands still has failed",
            )
            assert all(frames(name) > count + 30 for name, count in before.items()), "the others went on for 5 s"
            worker.stop()
