from __future__ import annotations

import io

from producers.sources.body import Body
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
