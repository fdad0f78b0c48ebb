from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.counts import FrameCounter
from schemas.ledger.captures import RunTotals
from schemas.messages import CaptureCounts, DropReason

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def counter() -> FrameCounter:
    return FrameCounter("street", "object-detection", 7)


def snapshot(counter: FrameCounter, *, closed: bool = False) -> CaptureCounts:
    counts = counter.snapshot(NOW, closed=closed)
    assert counts is not None
    return counts


def test_one_of_everything() -> None:
    frames = counter()
    assert [frames.offer() for _ in range(6)] == [0, 1, 2, 3, 4, 5]
    frames.drop(DropReason.SUPERSEDED)
    frames.deliver(3, 100)
    frames.deliver(1, 50)
    frames.deliver(3, 101)
    frames.fail()
    counts = snapshot(frames)
    assert (counts.camera, counts.model, counts.run) == ("street", "object-detection", 7)
    assert (counts.first_seq, counts.next_seq, counts.failed, counts.in_flight) == (0, 6, 1, 1)
    assert counts.dropped == {DropReason.SUPERSEDED: 1}
    assert [(entry.partition, entry.ranges) for entry in counts.delivered] == [(1, ((50, 50),)), (3, ((100, 101),))]


def test_an_interval_is_reported_once() -> None:
    frames = counter()
    frames.offer()
    assert snapshot(frames).in_flight == 1
    assert frames.snapshot(NOW) is None
    frames.deliver(0, 9)
    later = snapshot(frames)
    assert (later.first_seq, later.next_seq, later.delivered_count, later.in_flight) == (1, 1, 1, 0)


def test_the_closed_record_comes_always_and_once() -> None:
    frames = counter()
    assert frames.snapshot(NOW) is None
    assert snapshot(frames, closed=True).closed
    assert frames.snapshot(NOW, closed=True) is None


def test_what_is_learnt_after_closing_stays_in_flight() -> None:
    frames = counter()
    frames.offer()
    assert snapshot(frames, closed=True).in_flight == 1
    frames.deliver(0, 1)
    assert frames.snapshot(NOW, closed=True) is None
    assert frames.snapshot(NOW) is None


def test_waiting_until_all_is_known() -> None:
    frames = counter()
    assert frames.wait_settled(0)
    frames.offer()
    assert not frames.wait_settled(0.01)
    reporter = Thread(target=frames.deliver, args=(0, 0))
    reporter.start()
    assert frames.wait_settled(10)
    reporter.join()


STEPS = st.lists(
    st.sampled_from(["offer", "offer", "offer", "deliver", "fail", "superseded", "queue-full", "snapshot"]), max_size=80
)


@given(STEPS)
def test_the_conservation_law_holds_in_every_record(steps: list[str]) -> None:
    frames, totals, offset = counter(), RunTotals(), 0
    in_flight = 0
    for step in [*steps, "close"]:
        if step in ("snapshot", "close"):
            counts = frames.snapshot(NOW, closed=step == "close")
            if counts:
                totals.add(CaptureCounts.from_json(counts.to_json()))
                assert totals.imbalance == 0
                assert counts.in_flight == in_flight
        elif step == "offer":
            frames.offer()
            in_flight += 1
        elif in_flight:
            in_flight -= 1
            if step == "deliver":
                frames.deliver(offset % 3, offset)
                offset += 1
            elif step == "fail":
                frames.fail()
            else:
                frames.drop(DropReason(step))
    assert (totals.captured, totals.gap, totals.closed) == (steps.count("offer"), 0, True)
    assert totals.captured == totals.delivered + totals.failed + sum(totals.dropped.values()) + totals.unknown


def test_many_threads_lose_no_frame() -> None:
    frames, totals = counter(), RunTotals()

    def work(partition: int) -> None:
        for offset in range(400):
            frames.offer()
            frames.deliver(partition, offset)

    workers = [Thread(target=work, args=(partition,)) for partition in range(4)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        if counts := frames.snapshot(NOW):
            totals.add(counts)
    totals.add(snapshot(frames, closed=True))
    assert (totals.captured, totals.delivered, totals.in_flight, totals.imbalance) == (1600, 1600, 0, 0)


@pytest.mark.parametrize("reason", list(DropReason))
def test_every_reason_has_its_count(reason: DropReason) -> None:
    frames = counter()
    frames.offer()
    frames.drop(reason)
    assert snapshot(frames).dropped == {reason: 1}


def test_a_frame_that_is_left_out_is_captured_and_dropped_at_once() -> None:
    frames = counter()
    frames.leave_out(DropReason.STILL)
    assert frames.offer() == 1
    frames.leave_out(DropReason.STILL)
    counts = snapshot(frames, closed=True)
    assert (counts.captured, counts.dropped, counts.in_flight) == (3, {DropReason.STILL: 2}, 1)
    frames.leave_out(DropReason.STILL)
    assert frames.snapshot(NOW) is None
