"""Where sources may lead, with the real OpenCV: redirects, playlists, names, folders; and what must still work."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
import pytest
import trustme

from producers.sources import SourceRules, open_source
from producers.sources.body import Body
from producers.sources.capture import Capture
from producers.sources.url import UrlSource
from schemas.addresses import AddressRule
from schemas.errors import SourceError, SourceRefusedError
from schemas.messages import Camera
from schemas.settings import Settings
from tests.integration.camera_servers import Page, VideoFile, http_server, jpeg, site, tcp_server
from tests.planted import CAMERA_PASSWORD, OTHER_HOST_PASSWORD, keep

LOCAL = SourceRules(addresses=AddressRule(loopback=True), roots=(Path("/"),))
METADATA = "http://169.254.169.254/latest/meta-data/"


def camera(source: str, **fields: object) -> Camera:
    return Camera.model_validate({"id": "cam", "source": source, "models": ["face-detection"], **fields})


def video(folder: Path, name: str = "clip.avi", pictures: int = 20) -> bytes:
    """A short video; `.ts` files of it play one after the other."""
    path = folder / name
    codec = "MPG2" if path.suffix == ".ts" else "MJPG"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 25, (128, 96))
    assert writer.isOpened()
    for number in range(pictures):
        writer.write(np.full((96, 128, 3), number * 5, np.uint8))
    writer.release()
    return path.read_bytes()


def pictures(source: UrlSource) -> int:
    """How many pictures come until the stream ends."""
    count = 0
    try:
        while source.read() is not None:
            count += 1
    except SourceError:
        pass
    source.close()
    return count


def redirect(to: str, status: int = 302) -> Page:
    return Page(status=status, headers={"Location": to})


def playlist(*lines: str) -> Page:
    return Page("\n".join(("#EXTM3U", "#EXT-X-TARGETDURATION:2", *lines)).encode())


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ({"/v": redirect("file:///etc/passwd")}, "Redirection to url 'file:///etc/passwd' is not allowed"),
        ({"/v": redirect("data:,x", 307)}, "is not allowed"),
        ({"/v": redirect("rtsp://127.0.0.1:1/x", 301)}, "is not allowed"),
        ({"/v": redirect("ftp://127.0.0.1/x")}, "unknown url type: ftp"),
        ({"/v": redirect(METADATA)}, "169.254.169.254 .a cloud's metadata service. is refused"),
        ({"/v": redirect("http://[::ffff:169.254.7.7]/")}, "::ffff:a9fe:707 .link-local. is refused"),
        ({"/v": redirect("http://2852039166/")}, "169.254.169.254 .a cloud's metadata service. is refused"),
        ({"/v": redirect("/w"), "/w": redirect("/x"), "/x": redirect(METADATA)}, "metadata service"),
        ({"/v": redirect("/v")}, "would lead to an infinite loop"),
        ({"/v": playlist("#EXTINF:2,", "file:///etc/passwd")}, "it refers to 'file:///etc/passwd'"),
        ({"/v": playlist("#EXTINF:2,", METADATA)}, "metadata service"),
        ({"/v": playlist("#EXT-X-STREAM-INF:BANDWIDTH=1", METADATA)}, "metadata service"),
        ({"/v": playlist("#EXT-X-STREAM-INF:BANDWIDTH=1", "w"), "/w": playlist("#EXTINF:2,", METADATA)}, "metadata"),
        ({"/v": playlist("#EXT-X-STREAM-INF:BANDWIDTH=1", "v")}, "no segment in it"),
        ({"/v": playlist("#EXTINF:2,", "w"), "/w": redirect(METADATA)}, "metadata service"),
        ({"/v": playlist('#EXT-X-MAP:URI="file:///etc/passwd"', "w"), "/w": Page(b"x")}, "file:///etc/passwd"),
        ({"/v": playlist("#EXTINF:2,", "w"), "/w": playlist("#EXTINF:2,", METADATA)}, "no stream"),
        ({"/v": Page(b"ffconcat version 1.0\nfile /etc/passwd\n")}, "no video that FFmpeg decodes"),
        ({"/v": Page(b"v=0\nc=IN IP4 169.254.7.7\nt=0 0\nm=video 5000 RTP/AVP 26\n")}, "no video that FFmpeg decodes"),
        ({"/v": Page(b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>')}, "no video that FFmpeg"),
        ({"/v": Page(b"[playlist]\nFile1=/etc/passwd\n")}, "no video that FFmpeg decodes"),
        ({}, "the server answers 404"),
        ({"/v": Page(b"<html>please log in</html>")}, "no video that FFmpeg decodes"),
    ],
)  # fmt: skip
def test_no_page_leads_elsewhere(pages: dict[str, Page], why: str) -> None:
    with http_server(site(pages)) as address:
        with pytest.raises(SourceError, match=why) as caught:
            open_source(camera(f"{address}/v"), LOCAL)
        assert f"source '{address}/v'" in str(caught.value)


def test_loopback_is_refused_unless_allowed() -> None:
    asked = site({"/v": Page(jpeg())})
    with http_server(asked) as address:
        with pytest.raises(SourceRefusedError, match=r"127.0.0.1 \(loopback\) is refused; expected one that FRAMEBUS_"):
            open_source(camera(f"{address}/v"), SourceRules())
        port = address.rpartition(":")[2]
        with pytest.raises(SourceRefusedError, match="loopback"):
            open_source(camera(f"rtsp://127.0.0.1:{port}/v"), SourceRules())
    assert asked.asked == []


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtsps"])
def test_a_name_that_leads_to_a_forbidden_address_is_refused(scheme: str) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    with pytest.raises(SourceRefusedError, match=r"door\.example:\d+: address 169\.254\.169\.254 .* is refused"):
        open_source(camera(f"{scheme}://door.example/v"), replace(LOCAL, resolve=resolve))


def test_a_name_is_resolved_once_for_each_connection() -> None:
    """A name whose second answer is another gains nothing: what was judged is what is connected to."""
    answers = iter(["127.0.0.1", "169.254.169.254"])

    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    with http_server(site({"/v": Page(jpeg())})) as address:
        port = address.rpartition(":")[2]
        open_source(camera(f"http://door.example:{port}/v"), replace(LOCAL, resolve=resolve)).close()


@pytest.mark.parametrize("to", ["other", "same"])
def test_a_redirect_carries_the_password_to_its_own_host_only(to: str, tmp_path: Path) -> None:
    keep(tmp_path / "127.0.0.1", CAMERA_PASSWORD)
    login = Page(status=401, headers={"WWW-Authenticate": 'Basic realm="cam"'})
    second = site({"/w": login})
    with http_server(second) as other:
        first = site({"/w": login})
        with http_server(first) as address:
            first.pages["/v"] = redirect(f"{other if to == 'other' else address}/w")
            with pytest.raises(SourceError, match="the server answers 401"):
                UrlSource(address.replace("//", "//user@") + "/v", rules=replace(LOCAL, passwords=tmp_path))
    shown = {given for _, given in first.asked + second.asked}
    assert shown == (
        {None, "Basic " + b64encode(f"user:{CAMERA_PASSWORD}".encode()).decode()} if to == "same" else {None}
    )


def test_an_rtsp_redirect_is_not_followed_and_carries_no_password(tmp_path: Path) -> None:
    """FFmpeg would follow it, and give the other host the password at once."""
    keep(tmp_path / "127.0.0.1", CAMERA_PASSWORD)
    login = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'
    with tcp_server(login) as other:
        moved = f"RTSP/1.0 302 Moved\r\nCSeq: 3\r\nLocation: rtsp://127.0.0.1:{other.port}/x\r\n\r\n".encode()
        with (
            tcp_server(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", login, moved) as first,
            pytest.raises(SourceError, match=rf"redirects to 'rtsp://127.0.0.1:{other.port}/x', which is not followed"),
        ):
            open_source(camera(f"rtsp://user@127.0.0.1:{first.port}/v"), replace(LOCAL, passwords=tmp_path))
        assert b64encode(f"user:{CAMERA_PASSWORD}".encode()) in first.heard
        assert other.heard == b""


@pytest.mark.parametrize(
    "status",
    [b"RTSP/1.0 302 Moved", b"RT\rSP/1.0 302 Moved", b"RTSP/9 \t+0301", b"RTSP/1.0\t399 x", b"junk\nRTSP/1.0 300"]
)  # fmt: skip
def test_no_spelling_of_a_redirect_passes(status: bytes) -> None:
    with tcp_server() as other:
        answer = status + b"\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:%d/x\r\n\r\n" % other.port
        with tcp_server(answer) as first, pytest.raises(SourceError, match="redirects to"):
            UrlSource(f"rtsp://127.0.0.1:{first.port}/v", rules=LOCAL, timeout_s=2)
        assert other.heard == b""


def test_what_an_rtsp_camera_answers_is_told() -> None:
    with (
        tcp_server(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", b"RTSP/1.0 404 Not Found\r\nCSeq: 2\r\n\r\n") as server,
        pytest.raises(SourceError, match="the camera answers 404 Not Found"),
    ):
        open_source(camera(f"rtsp://127.0.0.1:{server.port}/v"), LOCAL)


@pytest.mark.parametrize("secret", ["user:hunter2@", "user%3Ahunter2@"])
def test_a_source_with_a_password_is_not_even_dialled(secret: str) -> None:
    asked = site({})
    with http_server(asked) as address:
        with pytest.raises(SourceRefusedError, match="holds a secret") as caught:
            open_source(camera(address.replace("//", f"//{secret}") + "/v"), LOCAL)
        assert "hunter2" not in str(caught.value)
    assert asked.asked == []


def test_files_are_limited_to_the_roots(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        video(folder)
        cv2.imwrite(str(folder / "p.png"), np.zeros((96, 128, 3), np.uint8))
    (inside / "link.avi").symlink_to(outside / "clip.avi")
    (inside / "leads-out").symlink_to(outside)
    os.mkfifo(inside / "pipe")
    rules = replace(LOCAL, roots=(inside,))
    open_source(camera(str(inside / "clip.avi")), rules).close()
    folder_source = open_source(camera(str(inside)), rules)
    assert folder_source.read() is not None
    for name in ("../out/clip.avi", "link.avi", "leads-out/clip.avi", "leads-out", "../out/none.avi"):
        with pytest.raises(SourceRefusedError, match="outside of FRAMEBUS_SOURCE_ROOTS; expected a path in"):
            open_source(camera(str(inside / name)), rules)
    (inside / "circle.avi").symlink_to("circle.avi")
    with pytest.raises(SourceError, match="Too many levels of symbolic links"):
        open_source(camera(str(inside / "circle.avi")), rules)
    with pytest.raises(SourceError, match="no regular file"):
        open_source(camera(str(inside / "pipe")), rules)


@pytest.mark.parametrize("name", ["in/clip.avi", "in", "none.avi"])
def test_without_roots_no_file_is_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    video(tmp_path / "in")
    path = str(tmp_path / name)
    with pytest.raises(SourceRefusedError) as caught:
        open_source(camera(path), SourceRules.of(Settings()))
    assert str(caught.value) == (
        f"source {path!r} is outside of FRAMEBUS_SOURCE_ROOTS; "
        "expected a path in a folder that it names (now it names none)"
    )


def test_nobody_learns_what_is_outside_of_the_roots(tmp_path: Path) -> None:
    """A file, a link, a circle of links, a folder, what may not be looked at and nothing at all are told alike."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside, outside / "folder"):
        folder.mkdir()
    (outside / "file").write_text("x")
    (outside / "link").symlink_to("/etc/secret-name")
    (outside / "circle").symlink_to("circle")
    rules = replace(LOCAL, roots=(inside,))
    for name in ("file", "link", "circle", "folder", "file/below", "nothing", "u" * 250 + "/" + "u" * 250):
        path = str(outside / name)
        with pytest.raises(SourceRefusedError) as caught:
            open_source(camera(path), rules)
        assert str(caught.value) == (
            f"source {path!r} is outside of FRAMEBUS_SOURCE_ROOTS; expected a path in {inside}"
        )
        (inside / "out").symlink_to(path)
        with pytest.raises(SourceRefusedError, match=r"in/out' leads outside of FRAMEBUS_SOURCE_ROOTS"):
            open_source(camera(str(inside / "out")), rules)
        (inside / "out").unlink()


def test_a_folders_link_out_of_the_roots_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "secret.png"), np.zeros((96, 128, 3), np.uint8))
    (tmp_path / "in" / "a.png").symlink_to(tmp_path / "secret.png")
    with caplog.at_level(logging.WARNING):
        source = open_source(camera(str(tmp_path / "in")), replace(LOCAL, roots=(tmp_path / "in",)))
        assert source.read() is None
    assert "outside of FRAMEBUS_SOURCE_ROOTS" in caplog.text


@pytest.mark.parametrize("content", ["#EXTM3U\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile {}\n"])
def test_a_file_that_names_another_is_no_video(content: str, tmp_path: Path) -> None:
    video(tmp_path)
    (tmp_path / "list.avi").write_text(content.format(tmp_path / "clip.avi"))
    with pytest.raises(SourceError, match="cannot open the file"):
        open_source(camera(str(tmp_path / "list.avi")), LOCAL)


@pytest.mark.parametrize(
    "target", ["/etc/hostname", "file:/etc/hostname", "http://127.0.0.1:9/x", "concat:a|b", "udp://@:1"]
)
def test_ffmpeg_opens_nothing_by_itself(target: str) -> None:
    with pytest.raises(SourceError, match=r"^bound$"):
        Capture(target, cv2.CAP_FFMPEG, {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 500}, trouble="bound")


def test_an_error_inside_a_read_does_not_end_the_process() -> None:
    class Broken:
        def read(self, _size: int, /) -> bytes:
            raise RuntimeError("the disk is gone")

        def seek(self, _offset: int, _whence: int, /) -> int:
            raise RuntimeError("the disk is gone")

        def close(self) -> None:
            """Nothing is held."""

    body = Body(Broken())
    with pytest.raises(SourceError):
        Capture(body, cv2.CAP_FFMPEG, {}, trouble="x")
    assert body.error == "RuntimeError: the disk is gone"


@pytest.mark.parametrize("ended", [True, False])
def test_a_playlist_plays_its_segments_in_order(ended: bool, tmp_path: Path) -> None:
    """An honest playlist behind a list of variants; a live one begins three segments before its end, and goes on."""
    pages = {f"/s{number}.ts": Page(video(tmp_path, f"{number}.ts")) for number in range(6)}
    lines = [line for number in range(5) for line in ("#EXTINF:2,", f"s{number}.ts")]
    pages["/v"] = playlist("#EXT-X-STREAM-INF:BANDWIDTH=1", "low", "#EXT-X-STREAM-INF:BANDWIDTH=9", "/high")
    pages["/high"] = playlist(*lines, *(["#EXT-X-ENDLIST"] if ended else []))
    web = site(pages)
    with http_server(web) as address:
        source = UrlSource(f"{address}/v", rules=LOCAL, timeout_s=2)
        assert source.live is not ended
        if not ended:
            later = playlist("#EXT-X-MEDIA-SEQUENCE:3", *lines[6:], "#EXTINF:2,", "s5.ts", "#EXT-X-ENDLIST")
            web.pages["/high"] = later
        assert pictures(source) == (100 if ended else 80)
    asked = [path for path, _ in web.asked if path.endswith(".ts")]
    assert asked == [f"/s{number}.ts" for number in (range(5) if ended else range(2, 6))]


@contextmanager
def https_server(video_path: Path, folder: Path, *, name: str) -> Iterator[tuple[str, Path]]:
    """A web server with one file, behind TLS; its address, and its authority's certificate."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Clip", (VideoFile,), {"video": video_path}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that refuses us says so itself
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", folder / "ca.pem"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "trusted", "verify", "why"),
    [
        ("127.0.0.1", True, True, None),
        ("127.0.0.1", False, True, "unable to get local issuer certificate|self.signed"),
        ("127.0.0.2", True, True, "IP address mismatch"),
        ("127.0.0.2", False, False, None),
    ],
)
def test_cameras_behind_tls_show_who_they_are(
    name: str, trusted: bool, verify: bool, why: str | None, tmp_path: Path
) -> None:
    video(tmp_path)
    with https_server(tmp_path / "clip.avi", tmp_path, name=name) as (address, authority):
        rules = replace(LOCAL, ca_file=authority if trusted else None, verify=verify)
        if why is None:
            source = open_source(camera(f"{address}/clip.avi"), rules)
            assert source.read() is not None
            source.close()
        else:
            with pytest.raises(SourceError, match=why):
                open_source(camera(f"{address}/clip.avi"), rules)


def test_another_hosts_password_stays_where_it_is(tmp_path: Path) -> None:
    keep(tmp_path / "10.0.0.8", OTHER_HOST_PASSWORD)
    asked = site({"/v": Page(status=401, headers={"WWW-Authenticate": 'Basic realm="cam"'})})
    with http_server(asked) as address, pytest.raises(SourceError, match="401"):
        open_source(camera(address.replace("//", "//user@") + "/v"), replace(LOCAL, passwords=tmp_path))
    assert [given for _, given in asked.asked] == [None]
