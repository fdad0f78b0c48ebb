"""What a camera's status says of a source that is wrong, by sources that are; and what its neighbours notice: nothing.

RTSP's own servers and their texts are in test_rtsp.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from producers.control import put_camera
from producers.reader import Reader
from producers.sources import SourceRules
from schemas.addresses import AddressRule
from schemas.errors import SourceError
from schemas.messages import Camera, CameraState
from schemas.settings import Settings
from tests.integration.camera_servers import Page, http_server, site, tcp_server
from tests.integration.capture_world import capture_worker, eventually, read_frames, read_statuses
from tests.integration.test_source_patience import without_end

FACES = "face-detection"
LOCAL = SourceRules(addresses=AddressRule(loopback=True), roots=(Path("/"),))
_LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
PAGES = {
    "/empty": Page(),
    "/page": Page(b"<p>Sign in</p>" * 100, headers={"Content-Type": "text/html"}),
    "/locked": Page(status=401, headers={"WWW-Authenticate": 'Basic realm="camera"'}),
    "/broken": Page(status=500),
    "/nothing.m3u8": Page(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-ENDLIST\n"),
    "/gone.m3u8": Page(_LIST.format("segment.ts").encode()),
    "/page.m3u8": Page(_LIST.format("page").encode(), headers={"Content-Type": "application/vnd.apple.mpegurl"}),
    "/secret.m3u8": Page(_LIST.format("page").replace("#EXTINF", "#EXT-X-KEY:METHOD=AES-128\n#EXTINF").encode()),
}


@contextmanager
def black_hole() -> Iterator[str]:
    """HOST:PORT of a server whose queue is full: the kernel drops whoever knocks, as a firewall does."""
    with socket.socket() as server, socket.socket() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting.connect(server.getsockname())
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def world(folder: Path) -> Iterator[dict[str, str]]:
    """Servers and files that are wrong, each by the name that stands for it in a source."""
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("text")
    (folder / "nothing").mkdir()
    (folder / "zeros").mkdir()
    (folder / "zeros" / "1.jpg").touch()
    not_found = b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n"
    with ExitStack() as stack:
        http = stack.enter_context(http_server(site(PAGES)))
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        missing = stack.enter_context(tcp_server(not_found))
        hole = stack.enter_context(black_hole())
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        yield {
            "http": http,
            "refused": f"127.0.0.1:{refused}",
            "silent": f"127.0.0.1:{silent.getsockname()[1]}",
            "hole": hole,
            "missing": f"127.0.0.1:{missing.port}",
            "folder": str(folder),
        }


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "http://no-camera.invalid/v",
            "host 'no-camera.invalid': Name or service not known; expected a name",
        ),
        ("rtsp://{refused}/v", "{refused}: nobody answers (127.0.0.1: Connection refused)"),
        ("http://{refused}/v", "{refused}: nobody answers (127.0.0.1: Connection refused)"),
        ("rtsp://{hole}/v", "{hole}: nobody answers (127.0.0.1: timed out)"),
        ("http://{hole}/v", "{hole}: nobody answers (127.0.0.1: timed out)"),
        ("rtsp://{silent}/v", "no stream within 5 s; expected a video stream"),
        ("http://{silent}/v", "timed out"),
        ("rtsp://{missing}/v", "the camera answers 404 Not Found"),
        ("{http}/other", "the server answers 404 Not Found"),
        ("{http}/locked", "the server answers 401 Unauthorized"),
        ("{http}/broken", "the server answers 500 Internal Server Error"),
        ("{http}/empty", "the server sends not one byte; expected a video stream"),
        ("{http}/page", "no video that FFmpeg decodes (text/html); expected a video stream"),
        ("{http}/nothing.m3u8", "no segment in it; expected at least one"),
        ("{http}/gone.m3u8", "segment.ts: the server answers 404 Not Found"),
        ("{http}/page.m3u8", "no video that FFmpeg decodes (application/vnd.apple.mpegurl); expected a video stream"),
        ("{http}/secret.m3u8", "encrypted"),
        ("{folder}/none.mp4", "No such file or directory; expected a video file, a folder of pictures or a URL"),
        ("{folder}/empty.mp4", "the file has 0 bytes; expected a video"),
        ("{folder}/text.mp4", "OpenCV cannot open the file; expected a video that FFmpeg reads"),
        ("{folder}/nothing", "no picture in it; expected files ending in .bmp .jpeg .jpg"),
        ("{folder}/zeros", "not one picture in it; expected at least one"),
        ("97", "there is no /dev/video97; expected the number of a connected camera (devices here: "),
    ],
)
def test_a_status_says_in_words_what_is_wrong(source: str, says: str, tmp_path: Path) -> None:
    """The first that a camera reports is what is wrong; it fits into a line, and never says that it streams."""
    stop, states = Event(), list[tuple[CameraState, str | None]]()

    def report(state: CameraState, error: str | None) -> None:
        states.append((state, error))
        stop.set()

    with world(tmp_path) as places:
        camera = Camera(id="cam", source=source.format(**places), models=(FACES,))
        reader = Reader(camera, offer=lambda *_: None, report=report, stop=stop, rules=LOCAL)
        try:
            reader.run()
        except SourceError as broken:  # of files: their run ends with it, as a failed camera
            report(CameraState.FAILED, str(broken))
        expected = re.escape(says.format(**places))
    ((state, error),) = states
    assert state is CameraState.FAILED
    assert error is not None
    assert re.search(expected, error), error
    assert error.startswith("source ")
    assert error.isprintable()
    assert len(error) < 400


def test_bad_cameras_cost_a_good_one_nothing(settings: Settings, tmp_path: Path) -> None:
    """One that nobody answers for, one whose packets are dropped, one that takes everything and says nothing, one that
    trickles, one that answers nonsense."""
    settings = settings.model_copy(update={"source_addresses": "loopback"})
    trickle = without_end(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", b"\xff\xd8", 0.1)
    with world(tmp_path) as places, http_server(trickle) as slow:
        bad = {
            "dead": f"rtsp://{places['refused']}/v",
            "hole": f"rtsp://{places['hole']}/v",
            "silent": f"rtsp://{places['silent']}/v",
            "slow": f"{slow}/v",
            "nonsense": f"{places['http']}/page",
        }
        for name, source in bad.items():
            put_camera(settings, Camera(id=name, source=source, models=(FACES,)))
        put_camera(settings, Camera(id="good", source="pattern:320x240", models=(FACES,), fps=10))
        with capture_worker(settings, tmp_path) as worker:
            eventually(lambda: len(read_frames(settings, FACES).of("good")) > 80, "eight seconds of the good one")
            statuses = read_statuses(settings)
            worker.stop()
    streaming = {name for name, status in statuses.items() if status and status.state is CameraState.STREAMING}
    assert streaming == {"good"}
    told = {name: status.error for name, status in statuses.items() if status and status.error}
    assert told.keys() <= bad.keys()
    assert "nobody answers" in (told.get("dead") or "")
    taken = sorted((info.seq, info.captured_at) for info in read_frames(settings, FACES).of("good").values())
    assert [seq for seq, _ in taken] == list(range(len(taken)))
    steps = [later - former for (_, former), (_, later) in pairwise(taken)]
    assert timedelta(0) < min(steps)
    assert max(steps) < timedelta(seconds=1)
    assert (taken[-1][1] - taken[0][1]) / len(steps) == pytest.approx(timedelta(seconds=0.1), rel=0.05)
