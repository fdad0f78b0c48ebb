from __future__ import annotations

from schemas.backoff import Backoff


def test_waits_double_up_to_the_bound_and_begin_anew() -> None:
    backoff = Backoff(1.0, 10.0, chance=lambda: 0.0)
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next() == 1


def test_jitter_shortens_by_up_to_a_half() -> None:
    assert Backoff(4.0, chance=lambda: 1.0).next() == 2.0
    waits = [Backoff(4.0).next() for _ in range(50)]
    assert all(2.0 <= wait <= 4.0 for wait in waits)
    assert len(set(waits)) > 1


def test_a_thousand_tries_do_not_overflow() -> None:
    backoff = Backoff()
    assert [backoff.next() for _ in range(2000)][-1] <= 30
