from __future__ import annotations

import time

import pytest

from producers.sources.hls import Part, parse
from schemas.errors import SourceError, SourceRefusedError

BASE = "http://cam.example/live/index.m3u8"
LIVE = """#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:41
#EXTINF:2.0,
a.ts
#EXTINF:2.0,
/b.ts
#EXTINF:2.0,
https://other.example/c.ts
"""
RANGES = """#EXTM3U
#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@0"
#EXT-X-BYTERANGE:1000@100
all.mp4
#EXT-X-BYTERANGE:500
all.mp4
#EXT-X-ENDLIST
"""


def test_segments_are_numbered_and_found_from_the_playlists_place() -> None:
    playlist = parse(LIVE, BASE)
    assert (playlist.sequence, playlist.target_s, playlist.ended) == (41, 2.0, False)
    assert [part.url for _, part in playlist.segments] == [
        "http://cam.example/live/a.ts",
        "http://cam.example/b.ts",
        "https://other.example/c.ts",
    ]


def test_ranges_follow_one_another_and_headers_come_first() -> None:
    playlist = parse(RANGES, BASE)
    header = Part("http://cam.example/live/init.mp4", 0, 100)
    url = "http://cam.example/live/all.mp4"
    assert playlist.segments == ((header, Part(url, 100, 1000)), (header, Part(url, 1100, 500)))
    assert playlist.ended


def test_variants_have_their_bits_a_second() -> None:
    text = (
        '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="a,b"\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2e6\nhigh.m3u8'
    )
    assert parse(text, BASE).variants == (
        (800_000, "http://cam.example/live/low.m3u8"),
        (2_000_000, "http://cam.example/live/high.m3u8"),
    )


@pytest.mark.parametrize(
    "reference",
    ["file:///etc/passwd", "FILE:///etc/passwd", "data:,x", "concat:/etc/passwd|x",
     "crypto+http://h/x", "rtsp://h/x", "tcp://169.254.169.254:80", "ftp://h/x", "http://[bad/x"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}", '#EXT-X-MAP:URI="{}"', "#EXT-X-STREAM-INF:BANDWIDTH=1\n{}"])
def test_whatever_is_not_http_is_refused(reference: str, form: str) -> None:
    with pytest.raises(SourceRefusedError, match="expected http:// or https://"):
        parse("#EXTM3U\n" + form.format(reference), BASE)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('#EXT-X-KEY:METHOD=AES-128,URI="k"', "encrypted"),
        ("#EXT-X-TARGETDURATION:soon", "expected a number"),
        ("#EXT-X-MEDIA-SEQUENCE:-1", "expected a number"),
        ("#EXT-X-MEDIA-SEQUENCE:nan", "expected a number"),
        ("#EXT-X-BYTERANGE:1@x\na.ts", "expected a number"),
    ],
)
def test_what_cannot_be_played_is_an_error(line: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        parse(f"#EXTM3U\n{line}\n", BASE)


def test_a_long_word_is_read_in_no_time() -> None:
    """In time that grows with its square, this would take hours, in which no camera of the worker is looked after."""
    word = "A" * 500_000
    started = time.process_time()
    parse(f"#EXTM3U\n#EXT-X-STREAM-INF:{word}\n#EXT-X-MAP:{word}=,{word}\na.ts", BASE)
    assert time.process_time() - started < 10


def test_commas_in_quotes_begin_no_attribute() -> None:
    text = '#EXTM3U\n#EXT-X-STREAM-INF:CODECS="a,BANDWIDTH=7", BANDWIDTH=3\nlow.m3u8'
    assert parse(text, BASE).variants == ((3, "http://cam.example/live/low.m3u8"),)


def test_a_playlist_does_not_say_for_how_long_a_camera_is_waited_for() -> None:
    assert parse("#EXTM3U\n#EXT-X-TARGETDURATION:9000000000", BASE).target_s == 60
