from __future__ import annotations

import time

import pytest

from producers.sources.rtsp import _REDIRECT


@pytest.mark.parametrize(
    ("said", "is_redirect"),
    [
        (b"RTSP/1.0 302 Moved", True),
        (b"RTSP/1.0 \t+00301", True),
        (b"$\x00\x00\x04RTSP/RTSP/1.0 300", True),
        (b"RTSP/RTSP/ 399", True),
        (b"RTSP/1.0 200 OK", False),
        (b"RTSP/1.0 3021", False),
        (b"RTSP/1.0\n302", False),
        (b"RTSP/1.0x302", False),
    ],
)
def test_what_ffmpeg_reads_as_a_redirect(said: bytes, is_redirect: bool) -> None:
    assert bool(_REDIRECT.search(said)) is is_redirect


def test_a_word_of_many_beginnings_is_read_in_no_time() -> None:
    """In time that grows with its square this would take a quarter of an hour, and no other camera would be read."""
    started = time.process_time()
    assert not _REDIRECT.search(bytearray(b"RTSP/" * 50_000))
    assert time.process_time() - started < 10
