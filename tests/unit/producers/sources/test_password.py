from __future__ import annotations

import os
from pathlib import Path

import pytest

from producers.sources.password import LIMIT_BYTES, read_password
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
