from __future__ import annotations

from collections import Counter

from schemas.spread import RoundRobin


def test_every_partition_in_turn_by_frames_sent() -> None:
    turn = RoundRobin("street", "object-detection")
    seen = []
    for _ in range(24):
        seen.append(turn.partition(12))
        turn.sent()
    assert sorted(Counter(seen).items()) == [(partition, 2) for partition in range(12)]
    assert seen[:12] == seen[12:]


def test_a_frame_that_was_not_sent_keeps_its_turn() -> None:
    turn = RoundRobin("street", "object-detection")
    first = turn.partition(12)
    assert turn.partition(12) == first
    turn.sent()
    assert turn.partition(12) == (first + 1) % 12


def test_cameras_start_at_different_partitions_and_always_at_the_same() -> None:
    starts = [RoundRobin(f"camera-{n}", "m").partition(12) for n in range(40)]
    assert len(set(starts)) > 6
    assert starts == [RoundRobin(f"camera-{n}", "m").partition(12) for n in range(40)]


def test_more_partitions_are_used_at_once() -> None:
    turn = RoundRobin("street", "m")
    seen = set()
    for _ in range(12):
        turn.sent()
        seen.add(turn.partition(6))
    assert seen == set(range(6))
