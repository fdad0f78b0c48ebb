"""Coverage-guided: whatever the bytes are, each codec takes them, or refuses them in a short line. `make fuzz`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["schemas"]):
    from schemas.messages import (
        Camera,
        FrameAddress,
        Result,
        Skip,
        decode_capture,
        decode_dead_letter,
        decode_frame_headers,
    )
from schemas.catalogue import Model
from schemas.errors import FramebusError
from schemas.names import Header

NAMES = [value for name, value in vars(Header).items() if name.isupper()]
JSON = (Camera.from_json, Result.from_json, Skip.from_json, decode_capture, Model.from_json)


def check(data: bytes) -> None:
    source = atheris.FuzzedDataProvider(data)
    kind = source.ConsumeIntInRange(0, len(JSON) + 2)
    try:
        if kind < len(JSON):
            JSON[kind](source.ConsumeBytes(source.remaining_bytes()))
        elif kind == len(JSON):
            FrameAddress.parse(source.ConsumeUnicode(source.remaining_bytes()))
        else:
            decode = decode_frame_headers if kind == len(JSON) + 1 else decode_dead_letter
            decode([(name, source.ConsumeBytes(source.ConsumeIntInRange(0, 60))) for name in NAMES])
    except FramebusError as error:
        assert 0 < len(str(error)) <= 1200
        assert str(error).isprintable()


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
