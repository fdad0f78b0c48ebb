"""Cameras at an even rate: each picture is stamped, encoded as capture does it, and sent by capture's own producer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import numpy as np

from producers.counts import FrameCounter
from producers.encode import Jpeg, encode
from producers.sink import LINGER_MS, FrameSink
from schemas.catalogue import Model
from schemas.messages import FrameInfo, Lane
from schemas.settings import Settings

CAMERA: Final = "gate"
_QUALITY: Final = 85
_LIMIT_BYTES: Final = 1 << 20
_FLUSH_S: Final = 20.0


@contextmanager
def feeding(
    settings: Settings, model: Model, pictures: Sequence[np.ndarray], fps: float, *, linger_ms: int = LINGER_MS
) -> Iterator[None]:
    """Frames of `pictures` at an even rate while the block runs, over all partitions, as right-sized JPEGs."""
    sink, counter = FrameSink(settings, linger_ms=linger_ms), FrameCounter(CAMERA, model.name, 1)
    ended, widths = threading.Event(), {model.name: model.frame_width}

    def feed() -> None:
        begun, seq = time.monotonic(), 0
        while not ended.wait(max(begun + seq / fps - time.monotonic(), 0.0)):
            captured_at, seq = datetime.now(UTC), counter.offer() + 1
            picture = pictures[seq % len(pictures)]
            jpeg = encode(picture, widths, quality=_QUALITY, limit_bytes=_LIMIT_BYTES)[model.name]
            assert isinstance(jpeg, Jpeg), jpeg
            info = FrameInfo(model.name, CAMERA, settings.site, 1, seq, captured_at, jpeg.width, jpeg.height, Lane.LIVE)
            assert sink.send(info, jpeg.value, seq % model.partitions, counter), "the producer's queue is full"

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        assert sink.close(_FLUSH_S) == 0, "frames without an answer of the broker"
