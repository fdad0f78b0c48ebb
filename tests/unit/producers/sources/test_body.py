from __future__ import annotations

import gc
import io
import sys
from pathlib import Path

import cv2
import numpy as np

from producers.sources.body import Body
from producers.sources.capture import Capture
from schemas.errors import SourceError


def test_bytes_come_as_they_are_until_the_end() -> None:
    body = Body(io.BytesIO(b"abcdef"))
    assert [body.read(4), body.seek(1), body.read(2), body.read(-1), body.read(4)] == [b"abcd", 1, b"bc", b"def", b""]
    assert body.error is None


def test_a_deadline_ends_what_trickles() -> None:
    body = Body(io.BytesIO(b"abcdef"))
    body.allow(-1)
    assert (body.read(4), body.error) == (b"", "no whole picture in time")
    body.allow(60)
    assert body.read(4) == b"", "what broke stays broken"


def test_errors_are_kept_and_end_the_bytes() -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise SourceError("it ended at byte 7; expected 9")

        def seek(self, _offset: int, _whence: int = 0, /) -> int:
            raise OSError("no")

    body = Body(Broken())
    assert (body.read(4), body.seek(0)) == (b"", -1)
    assert body.error == "it ended at byte 7; expected 9"


class Live(io.BytesIO):
    """A feed that cannot seek, as a camera's stream."""

    def seek(self, _offset: int, _whence: int = io.SEEK_SET, /) -> int:
        return -1


def test_a_stream_goes_back_as_far_as_it_is_remembered() -> None:
    content = bytes(range(256)) * 200
    body = Body(Live(content))
    assert body.read(20_000) == content[:20_000]
    assert body.read(4_096) == content[20_000:24_096]
    assert body.seek(23_000) == 23_000
    assert body.read(1_000) == content[23_000:24_000]
    assert body.seek(22_500) == 22_500
    assert body.read(4_096) == content[22_500:24_096], "first what is remembered"
    assert body.read(4_096) == content[24_096:28_192], "then what comes"
    assert [body.seek(0), body.seek(30_000), body.seek(-1, io.SEEK_END)] == [-1, -1, -1]
    assert body.read(-1) == content[28_192 : 28_192 + io.DEFAULT_BUFFER_SIZE], "what could not be was not done"


class Counted(io.BytesIO):
    """A feed that counts what it is asked."""

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        Counted.asked += 1
        return super().read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        Counted.asked += 1
        return super().seek(offset, whence)


def test_what_opencv_forgets_is_given_back(tmp_path: Path) -> None:
    """It leaves one text behind for each call of `read` and `seek`: days of that are what this would count."""
    path = tmp_path / "noise.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    noise = np.random.default_rng(0)
    for _ in range(40):
        writer.write(noise.integers(0, 256, (240, 320, 3), np.uint8))
    writer.release()

    def watch() -> None:
        body = Body(Counted(path.read_bytes()))
        capture = Capture(body, cv2.CAP_FFMPEG, {}, trouble="x")
        while capture.read("x") is not None:
            pass
        capture.close()
        body.close()

    watch()
    gc.collect()
    before, Counted.asked = sys.getallocatedblocks(), 0
    for _ in range(5):
        watch()
    gc.collect()
    assert Counted.asked > 200
    assert sys.getallocatedblocks() - before < Counted.asked / 4
