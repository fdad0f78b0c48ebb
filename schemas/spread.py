"""Spreading frames over partitions: round robin by frames sent, whoever writes them."""

from __future__ import annotations

import zlib


class RoundRobin:
    """The partitions of one camera and model in turn, from a start that differs from camera to camera.

    It advances by frames *sent*: by `seq` it would alias with whatever drops every second frame, and leave partitions
    empty.
    """

    def __init__(self, camera: str, model: str) -> None:
        self._next = zlib.crc32(f"{camera}/{model}".encode())

    def partition(self, partitions: int) -> int:
        """Where the next frame goes, of so many `partitions`."""
        return self._next % partitions

    def sent(self) -> None:
        """The frame was accepted: it is the next partition's turn."""
        self._next += 1
