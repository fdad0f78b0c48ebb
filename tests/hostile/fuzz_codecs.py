"""Coverage-guided: whatever the bytes are, each codec takes them, or refuses them in a short line. `make fuzz`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import atheris

with atheris.instrument_imports(include=["schemas"]):
    from schemas.messages import (
        Camera,
        CameraStatus,
        FrameAddress,
        Redrive,
        Result,
        Skip,
        decode_capture,
        decode_dead_letter,
        decode_frame_headers,
    )
from schemas.catalogue import Catalogue, Model
from schemas.contract import DEAD_LETTER, EXAMPLES, FRAME
from schemas.errors import FramebusError
from schemas.names import Header

NAMES = [value for name, value in vars(Header).items() if name.isupper()]
JSON = {
    "camera": Camera.from_json,
    "camera-status": CameraStatus.from_json,
    "capture-counts": decode_capture,
    "capture-claim": decode_capture,
    "crop-counts": decode_capture,
    "result": Result.from_json,
    "skip": Skip.from_json,
    "redrive": Redrive.from_json,
    "model": Model.from_json,
}
DECODERS = [*JSON.values(), FrameAddress.parse, decode_frame_headers, decode_dead_letter]
ADDRESS = len(JSON)
LONGEST = 60


def read(data: bytes) -> object:
    """What one of the codecs makes of `data`, whose last byte says which: the provider takes numbers from the end."""
    source = atheris.FuzzedDataProvider(data)
    kind = source.ConsumeIntInRange(0, len(DECODERS) - 1)
    if kind < ADDRESS:
        given: object = source.ConsumeBytes(source.remaining_bytes())
    elif kind == ADDRESS:
        given = source.ConsumeBytes(source.remaining_bytes()).decode(errors="replace")
    else:
        given = [
            (name, source.ConsumeBytes(length)) for name in NAMES if (length := source.ConsumeIntInRange(0, LONGEST))
        ]
    return DECODERS[kind](given)


def seeds() -> Iterator[bytes]:
    """One of each kind that is taken as it is."""
    documents = {name: example.to_json() for name, example in EXAMPLES.items()}
    documents["model"] = Catalogue().models[0].model_dump_json().encode()
    for kind, name in enumerate(JSON):
        yield documents[name] + bytes([kind])
    yield b"face-detection/3/7" + bytes([ADDRESS])
    for kind, headers in enumerate((FRAME.encode(), DEAD_LETTER.encode()), ADDRESS + 1):
        yield _headers(dict(headers)) + bytes([kind])


def _headers(given: Mapping[str, bytes | None]) -> bytes:
    values = [given.get(name) or b"" for name in NAMES]
    assert max(map(len, values)) <= LONGEST
    return b"".join(values) + bytes(map(len, reversed(values)))


def check(data: bytes) -> None:
    try:
        read(data)
    except FramebusError as error:
        assert 0 < len(str(error)) <= 1200
        assert str(error).isprintable()


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
