from __future__ import annotations

from pathlib import Path

import pytest

from producers.sources import Kind, kind_of, pattern_size
from schemas.errors import SourceError


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("rtsp://10.0.0.7/stream", Kind.URL),
        ("RTSPS://10.0.0.7/stream", Kind.URL),
        ("http://cam/video.mjpg", Kind.URL),
        ("https://cam/video.mjpg", Kind.URL),
        ("0", Kind.USB),
        ("12", Kind.USB),
        ("pattern:", Kind.PATTERN),
        ("pattern:1280x720", Kind.PATTERN),
        ("/videos/street.mp4", Kind.FILE),
        ("C:street.mp4", Kind.FILE),
        ("street", Kind.FILE),
    ],
)
def test_the_kinds(source: str, kind: Kind) -> None:
    assert kind_of(source) is kind


def test_a_folder_is_seen_on_disk(tmp_path: Path) -> None:
    assert kind_of(str(tmp_path)) is Kind.FOLDER


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("ftp://user:hunter2@host/x", "unknown scheme ftp; expected a video file, a folder"),
        ("pattern:big", "expected pattern: or pattern:WIDTHxHEIGHT"),
        ("pattern:10x10", "size 10x10; expected 128x96 to 7680x4320"),
        ("pattern:9999x9999", "size 9999x9999"),
    ],
)
def test_what_is_no_source_is_refused_without_its_password(source: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        kind_of(source)
    assert "hunter2" not in str(caught.value)


def test_pattern_sizes() -> None:
    assert pattern_size("pattern:") == (640, 480)
    assert pattern_size("pattern:1280x720") == (1280, 720)
