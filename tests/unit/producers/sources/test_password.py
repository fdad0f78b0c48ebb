from __future__ import annotations

from pathlib import Path

import pytest

from producers.sources import with_password
from schemas.errors import SourceError
from schemas.messages import Camera


def camera(source: str) -> Camera:
    return Camera(id="cam", source=source, models=("m",))


@pytest.mark.parametrize(
    ("source", "opened"),
    [
        ("rtsp://me@door.example:554/s?x=1", "rtsp://me:p%40ss%2Fw@door.example:554/s?x=1"),
        ("rtsp://me@DOOR.example/s", "rtsp://me:p%40ss%2Fw@DOOR.example/s"),
        ("rtsp://door.example/s", "rtsp://door.example/s"),
        ("rtsp://me@other.example/s", "rtsp://me@other.example/s"),
        ("rtsp://me:own@door.example/s", "rtsp://me:own@door.example/s"),
        ("rtsp://me@../s", "rtsp://me@../s"),
        ("pattern:", "pattern:"),
        ("/videos/me@door.example", "/videos/me@door.example"),
    ],
)
def test_a_password_goes_to_its_host_alone(source: str, opened: str, tmp_path: Path) -> None:
    (tmp_path / "door.example").write_text("p@ss/w\n")
    assert with_password(camera(source), tmp_path).source == opened


def test_without_a_folder_nothing_is_added() -> None:
    assert with_password(camera("rtsp://me@h/s"), None).source == "rtsp://me@h/s"


def test_a_file_that_is_no_text_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "h").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match=r"camera 'cam': password file .*: UnicodeDecodeError") as caught:
        with_password(camera("rtsp://me@h/s"), tmp_path)
    assert caught.value.__suppress_context__
