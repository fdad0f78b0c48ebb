"""Coverage-guided: whatever the bytes are, a JPEG's header is a size or a reason. `make fuzz`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["processors.inference"]):
    from schemas.jpeg import check_jpeg
from schemas.errors import FrameError

LIMIT_BYTES, LIMIT_PIXELS = 65_536, 1_000_000


def check(data: bytes) -> None:
    for value in (data, b"\xff\xd8\xff" + data):
        try:
            width, height = check_jpeg(value, limit_bytes=LIMIT_BYTES, limit_pixels=LIMIT_PIXELS)
        except FrameError as error:
            assert 0 < len(str(error)) < 500
            assert str(error).isprintable()
        else:
            assert 0 < width * height <= LIMIT_PIXELS


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
