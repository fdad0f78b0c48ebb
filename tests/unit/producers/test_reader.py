"""What the reader does in which order, with a source and a stop of the test's own."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest

from producers import reader
from producers.reader import Reader
from producers.sources import Picture
from schemas.messages import Camera

PICTURE = np.zeros((4, 4, 3), np.uint8)


class Source:
    """Three pictures, 10 a second."""

    live = False
    fps = 10.0

    def __init__(self, said: list[str]) -> None:
        self._said = said
        self._left = 3

    def read(self) -> Picture | None:
        self._said.append("read")
        self._left -= 1
        return PICTURE if self._left >= 0 else None

    def close(self) -> None:
        self._said.append("close")


class Stop(Event):
    """It is never set, and waits for nothing."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._said.append("wait")
        return False


def test_a_recorded_picture_is_not_read_before_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(reader, "open_source", lambda *_: Source(said))
    camera = Camera(id="cam", source="pattern:", models=("face-detection",), fps=10)
    Reader(camera, offer=lambda *_: said.append("offer"), report=lambda *_: None, stop=Stop(said)).run()
    assert said == [*["wait", "read", "offer"] * 3, "wait", "read", "close"]
