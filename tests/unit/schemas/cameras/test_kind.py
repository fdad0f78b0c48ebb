from __future__ import annotations

import pytest

from schemas.cameras import Kind, kind_of, pattern_size
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
        ("/videos/street.mp4", Kind.PATH),
        ("C:street.mp4", Kind.PATH),
        ("street", Kind.PATH),
        ("0\n", Kind.PATH),
        ("/root/secret/street.mp4", Kind.PATH),
        ("9" * 200, Kind.PATH),
        ("/" + "/".join(["ü" * 127] * 9), Kind.PATH),
    ],
)
def test_the_kinds(source: str, kind: Kind) -> None:
    assert kind_of(source) is kind


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("ftp://user:hunter2@host/x", "unknown scheme ftp; expected a video file, a folder"),
        ("pattern:big", "expected pattern: or pattern:WIDTHxHEIGHT"),
        ("pattern:10x10", "size 10x10; expected 128x96 to 7680x4320"),
        ("pattern:9999x9999", "size 9999x9999"),
        ("/videos/" + "ü" * 128, "File name too long"),
        ("9" * 300, "File name too long"),
        ("a\0b.mp4", r"source 'a\\x00b.mp4': it has a character that no path can have"),
    ],
)
def test_what_is_no_source_is_refused_without_its_password(source: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        kind_of(source)
    assert "hunter2" not in str(caught.value)


def test_pattern_sizes() -> None:
    assert pattern_size("pattern:") == (640, 480)
    assert pattern_size("pattern:1280x720") == (1280, 720)
