from __future__ import annotations

from api.frames.cache import FrameCache, StoredFrame
from schemas.messages import FrameAddress
from tests.unit.api.samples import T0


def frame(offset: int, size: int) -> StoredFrame:
    return StoredFrame(FrameAddress("face-detection", 0, offset), T0, bytes(size), None)


def kept(cache: FrameCache, *offsets: int) -> list[int]:
    return [offset for offset in offsets if cache.get(FrameAddress("face-detection", 0, offset))]


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache = FrameCache(100)
    for offset in (1, 2, 3):
        cache.put(frame(offset, 30))
    assert kept(cache, 1) == [1]  # used: now 2 is the oldest
    cache.put(frame(4, 30))
    assert kept(cache, 1, 2, 3, 4) == [1, 3, 4]


def test_bytes_are_counted_right_when_a_frame_comes_again() -> None:
    cache = FrameCache(100)
    for _ in range(5):
        cache.put(frame(1, 40))
    cache.put(frame(2, 60))
    assert kept(cache, 1, 2) == [1, 2]
    cache.put(frame(1, 41))
    assert kept(cache, 1, 2) == [1]


def test_a_frame_larger_than_all_is_not_kept() -> None:
    cache = FrameCache(100)
    cache.put(frame(1, 101))
    assert kept(cache, 1) == []
    cache.put(frame(2, 100))
    assert kept(cache, 2) == [2]
