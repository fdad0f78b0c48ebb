from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from producers.sources.password import LIMIT_BYTES, check_source, read_password
from schemas.errors import SourceError, SourceRefusedError

PASSWORD = "p@ss/w %ü"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("rtsp://me@door.example:554/s?x=1", True),
        ("rtsp://me@DOOR.example/s", True),
        ("rtsp://door.example/s", False),
        ("rtsp://me@other.example/s", False),
        ("rtsp://me@door.example.evil.example/s", False),
        ("rtsp://me@../s", False),
        ("rtsp://me@./s", False),
        ("pattern:", False),
        ("/videos/me@door.example", False),
    ],
)
def test_a_password_goes_to_its_host_alone(source: str, found: bool, tmp_path: Path) -> None:
    (tmp_path / "door.example").write_text(PASSWORD + "\n")
    assert read_password(source, tmp_path) == (PASSWORD if found else None)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("rtsp://me@10.0.0.7/s", "554"),
        ("rtsp://me@10.0.0.7:554/s", "554"),
        ("http://me@10.0.0.7/s", "any"),
        ("rtsp://me@10.0.0.7:8554/s", "any"),
        ("rtsp://me@[fd00::7]:554/s", "six"),
    ],
)
def test_a_file_may_be_for_one_port(source: str, found: str, tmp_path: Path) -> None:
    for name, password in {"10.0.0.7_554": "554", "10.0.0.7": "any", "fd00__7_554": "six"}.items():
        (tmp_path / name).write_text(password)
    assert read_password(source, tmp_path) == found


def test_without_a_folder_there_is_none() -> None:
    assert read_password("rtsp://me@h/s", None) is None


def test_a_rotated_secret_is_read_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    """Kubernetes links each file to `..data/file`, and `..data` to a folder that it replaces at each change."""
    for number, password in (("1", "old"), ("2", "new")):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "h").write_text(password)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "h").symlink_to("..data/h")
    assert read_password("rtsp://me@h/s", tmp_path) == "old"
    (tmp_path / "..next").symlink_to("..2")
    (tmp_path / "..next").rename(tmp_path / "..data")
    assert read_password("rtsp://me@h/s", tmp_path) == "new"


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "elsewhere").write_text("root's own")
    (tmp_path / "secrets" / "h").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceRefusedError, match="leads out of"):
        read_password("rtsp://me@h/s", tmp_path / "secrets")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "UnicodeDecodeError; expected a text"),
        (b"", "expected one line"),
        (b"\n", "expected one line"),
        (b"two\nlines\n", "expected one line"),
        (b"nul\x00", "expected one line"),
        (b"x" * (LIMIT_BYTES + 1), "expected one line"),
    ],
)
def test_a_file_that_is_no_password_is_named_and_not_shown(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "h").write_bytes(content)
    with pytest.raises(SourceError, match=rf"password file .*/h: {why}") as caught:
        read_password("rtsp://me@h/s", tmp_path)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_everybody_may_write_to_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("x")
    (tmp_path / "h").chmod(0o666)
    with pytest.raises(SourceRefusedError, match="everybody may write to it; expected mode 0600 or 0644"):
        read_password("rtsp://me@h/s", tmp_path)


def test_a_pipe_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "h")
    with pytest.raises(SourceError, match="no regular file"):
        read_password("rtsp://me@h/s", tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://me:hunter2@h/s",
        "rtsp://:hunter2@h/s",
        "rtsp://me%3Ahunter2@h/s",
        "rtsp://me%3ahunter2@h/s",
        "http://h/v?token=hunter2",
        "http://h/v?x=1&%70assword=hunter2",
        "http://h/v?X-Amz-Signature=hunter2",
        "rtsp://admin@corp.example:hunter2@10.0.0.7/s",
        "rtsp://admin@corp.example:hun/ter2@10.0.0.7/s",
        "http://a@b%3ahunter2@h/",
        "http://a%2Fb%3Ahunter2@h/",
        "rtsp://me%3ahunter2%40h/s",
        "admin:hunter2@10.0.0.7/s",
        "admin@corp.example:hunter2@10.0.0.7/s",
        "admin:/hunter2@10.0.0.7/s",
        "rtsp:/admin:hunter2@10.0.0.7/s",
        "rtsp:admin:hunter2@10.0.0.7/s",
        "rtsp:///admin:hunter2@10.0.0.7/s",
        "//admin:hunter2@10.0.0.7/s",
        "rtsp://10.0.0.7:554/user=admin_password=hunter2_channel=1_stream=0.sdp",
        "rtsp://10.0.0.7/user=admin&password=hunter2&channel=1",
        "rtsp://10.0.0.7/user=admin_%70assword=hunter2_channel=1",
        "http://10.0.0.7/videostream.cgi?loginuse=admin&loginpas=hunter2",
        "http://10.0.0.7/v?user=admin_pwd=hunter2",
    ],
)
def test_a_source_with_a_secret_is_refused_and_the_way_is_told(source: str) -> None:
    with pytest.raises(SourceRefusedError, match=r"holds a secret.*the password in the file `host`") as caught:
        check_source(source)
    assert not any(part in str(caught.value) for part in ("hun", "ter2"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://me%3Ahunter2@h/s?x=1", "rtsp://me%3A***@h/s?x=1"),
        ("rtsp://me%3Ahunter2%40h/s?x=1", "rtsp://***@h/s?***"),
        ("rtsp://me:x@h/s?%70wd=hunter2", "rtsp://***@h/s?***"),
        ("rtsp://h/%70wd=hunter2/s", "rtsp://h/***"),
        ("admin:/hunter2@h/s", "***@h/s"),
    ],
)
def test_not_even_an_encoded_secret_is_told(source: str, shown: str) -> None:
    with pytest.raises(SourceRefusedError, match=rf"^source '{re.escape(shown)}' holds a secret") as caught:
        check_source(source)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://me:hun ter2@h/s",
        "rtsp://me:hun\u00a0ter2@h/s",
        "rtsp://me:hun\x1fter2@h/s",
        "rtsp://m e:hunter2@h/s",
        "http://h/v?token =hunter2",
        "http://h/v ?token=hunter2",
        "http://h/v\n",
    ],
)
def test_a_url_with_white_space_is_refused_and_not_told(source: str) -> None:
    """Word by word, no half of it looks like a secret: neither to the check nor in a log."""
    with pytest.raises(SourceRefusedError, match="white space in it; expected %20") as caught:
        check_source(source)
    assert not any(part in str(caught.value) for part in ("hun", "ter2"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://[::1/x", "rtsp://[::1/x"),
        ("http://[abc]/", "http://[abc]/"),
        ("http://a[b]/v?x=1", "http://a[b]/v?***"),
        ("http://cam\u2100.example/", "http://cama/c.example/"),
        ("http://me:hunter2\uff20cam/", "http://***@cam/"),
    ],
)
def test_a_url_that_nobody_can_read_is_refused(source: str, shown: str) -> None:
    with pytest.raises(SourceRefusedError, match=rf"^source '{re.escape(shown)}' is a URL that nobody can read"):
        check_source(source)


def test_a_user_who_would_write_headers_is_refused() -> None:
    with pytest.raises(SourceRefusedError, match="control characters"):
        check_source("rtsp://me%0d%0aPLAY@h/s")


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://me@h:554/s",
        "rtsp://me@corp.example@h:554/s",
        "rtsp://me@[fd00::7]:554/s",
        "http://h/v?channel=1&subtype=0",
        "http://h/at/12:30@x",
        "pattern:",
        "0",
        "street",
        "C:street.mp4",
        "/videos/a b.mp4",
        "/v/%3a@x.mp4",
        "./12:30@x.mp4",
        "videos/12:30@x.mp4",
        "/videos/author=me/key=5/x.mp4",
        "rtsp://10.0.0.7/channel=1_stream=0.sdp?real_stream",
    ],
)
def test_a_source_without_one_is_not(source: str) -> None:
    check_source(source)
