from __future__ import annotations

from threading import Thread

from producers.mailbox import Mailbox


def test_the_newest_wins() -> None:
    box: Mailbox[int] = Mailbox()
    assert [box.put(lambda n=n: n, wait=False) for n in (1, 2, 3)] == [None, 1, 2]  # type: ignore[misc]
    assert box.take() == 3


def test_a_closed_box_takes_nothing_and_does_not_even_make_it() -> None:
    box: Mailbox[int] = Mailbox()
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return 1

    box.put(make, wait=False)
    box.close()
    assert box.put(make, wait=False) is None
    assert box.put(make, wait=True) is None
    assert made == [1]
    assert [box.take(), box.take()] == [1, None]


def test_waiting_loses_nothing() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int] = []

    def take_all() -> None:
        while (item := box.take()) is not None:
            taken.append(item)

    taker = Thread(target=take_all)
    taker.start()
    replaced = [box.put(lambda n=n: n, wait=True) for n in range(500)]  # type: ignore[misc]
    box.close()
    taker.join(10)
    assert taken == list(range(500))
    assert set(replaced) == {None}


def test_closing_frees_who_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(lambda: 1, wait=False)
    waiter = Thread(target=lambda: box.put(lambda: 2, wait=True))
    waiter.start()
    box.close()
    waiter.join(10)
    assert not waiter.is_alive()
    assert [box.take(), box.take()] == [1, None]
