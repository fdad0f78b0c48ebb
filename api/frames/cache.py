"""Frames in memory, bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from schemas.messages import FrameAddress, FrameInfo, RawHeaders


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """One record of a frames topic; `info` is None when its headers are not those of a frame."""

    address: FrameAddress
    appended_at: datetime
    value: bytes
    info: FrameInfo | None
    key: bytes | None = None
    headers: RawHeaders = ()


class FrameCache:
    """The frames that were used last, as many as fit into `limit_bytes`; thread-safe."""

    def __init__(self, limit_bytes: int) -> None:
        self._lock = threading.Lock()
        self._frames: OrderedDict[FrameAddress, StoredFrame] = OrderedDict()
        self._limit = limit_bytes
        self._bytes = 0

    def get(self, address: FrameAddress) -> StoredFrame | None:
        """The frame at `address`, if it is here."""
        with self._lock:
            frame = self._frames.get(address)
            if frame:
                self._frames.move_to_end(address)
            return frame

    def put(self, frame: StoredFrame) -> None:
        """Keep `frame`, and let go of what was not used for the longest time."""
        with self._lock:
            before = self._frames.pop(frame.address, None)
            self._bytes += len(frame.value) - (len(before.value) if before else 0)
            self._frames[frame.address] = frame
            while self._bytes > self._limit:
                _, oldest = self._frames.popitem(last=False)
                self._bytes -= len(oldest.value)

    def drop(self, address: FrameAddress) -> None:
        """Let go of the frame at `address`."""
        with self._lock:
            frame = self._frames.pop(address, None)
            self._bytes -= len(frame.value) if frame else 0

    def forget(self, model: str) -> None:
        """Let go of every frame of a model."""
        with self._lock:
            for address in [address for address in self._frames if address.model == model]:
                self._bytes -= len(self._frames.pop(address).value)
