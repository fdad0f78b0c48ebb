"""What a worker commits, on a real broker: the regressions of the Faust defects that lose or repeat frames."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from confluent_kafka.admin import AdminClient

from api.log.groups import describe_groups
from processors.streaming.timing import Timing
from processors.streaming.worker import WINDOW
from schemas.ledger import Outcome
from schemas.messages import Lane
from schemas.settings import Settings
from tests.integration.streaming_kit import (
    MODEL,
    Frames,
    Outcomes,
    committed,
    evict,
    info,
    jpeg,
    log_ends,
    wait_committed,
    wait_until,
    workers,
)


def test_sigterm_finishes_the_window_and_repeats_nothing(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    with workers(settings, tmp_path) as start:
        first = start(delay=0.1)
        first.wait_assigned()
        assert committed(settings) == {0: 0, 1: 0, 2: 0, 3: 0}, "a group commits once when it is created"
        frames.put_many(1500)
        outcomes.wait_for(frames.sent[:200], deadline_s=20)
        begun = time.monotonic()
        assert first.terminate() == 0, first.text
        assert time.monotonic() - begun < 6.0, "the window's 24 frames, and not the deadline of 15 s"
        outcomes.read()
        done = sum(committed(settings).values())
        assert len(outcomes.known) == done < 1500, "all that was taken has its outcome, and is committed"
        start(delay=0.0)
        outcomes.wait_for(frames.sent, deadline_s=30)
        wait_committed(settings)
    assert outcomes.repeats == 0
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)


def test_606_a_kill_loses_no_frame_that_others_overtook(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    """https://github.com/faust-streaming/faust/issues/606: out-of-order acks commit past a message in flight."""
    with workers(settings, tmp_path) as start:
        worker = start(slow=60.0)
        worker.wait_assigned()
        frames.put_many(40)
        frames.put(jpeg("slow"), partition=0)
        frames.put_many(60)
        slow = next(address for address in frames.sent if address.partition == 0 and address.offset == 10)
        others = [address for address in frames.sent if address != slow]
        outcomes.wait_for(others, deadline_s=20)
        ends = log_ends(settings)
        wait_until(
            lambda: all(committed(settings)[number] == ends[number] for number in (1, 2, 3)),
            deadline_s=10,
            what="commits of the other partitions",
        )
        assert committed(settings)[0] == slow.offset, "the commit stops at the frame that is still in flight"
        worker.kill()
        evict(settings)
        start(slow=0.1)
        outcomes.wait_for(frames.sent, deadline_s=40)
        wait_committed(settings)


def test_316_a_refused_commit_is_made_up_for_where_nothing_comes(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    """https://github.com/faust-streaming/faust/issues/316: a failed commit counts as done, so lag stays.

    `test_316_naked_faust_takes_a_refused_commit_for_made` has the same without us.
    """
    with workers(settings, tmp_path) as start:
        worker = start(defect="marks")
        worker.wait_assigned()
        worker.process.send_signal(signal.SIGUSR1)
        frames.put_many(8)
        outcomes.wait_for(frames.sent, deadline_s=20)
        wait_until(lambda: worker.text.count("commit failed") >= 1, deadline_s=10, what="a refused commit")
        wait_until(lambda: committed(settings)[0] == 0, deadline_s=5, what="what the broker has")
        worker.process.send_signal(signal.SIGUSR2)
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert "OffsetMetadataTooLargeError" in worker.text
    assert outcomes.repeats == 0


def test_502_a_rebalance_repeats_nothing(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    """https://github.com/faust-streaming/faust/issues/502: acked, uncommitted offsets are forgotten on revoke."""
    with workers(settings, tmp_path) as start:
        first = start(delay=0.02)
        first.wait_assigned()
        frames.put_many(800)
        second = start(delay=0.02)
        second.wait_assigned()
        frames.put_many(800)
        outcomes.wait_for(frames.sent[:900], deadline_s=30)
        assert second.terminate() == 0, second.text
        frames.put_many(200)
        outcomes.wait_for(frames.sent, deadline_s=40)
        wait_committed(settings)
        assert first.terminate() == 0, first.text
    assert outcomes.repeats == 0
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)


def test_a_kill_loses_nothing_and_repeats_little(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    with workers(settings, tmp_path) as start:
        first = start(delay=0.15)
        first.wait_assigned()
        frames.put_many(1600)
        outcomes.wait_for(frames.sent[:600], deadline_s=30)
        first.kill()
        outcomes.read()
        done, kept = len(outcomes.known), sum(committed(settings).values())
        assert done < 1600
        fastest = WINDOW / 0.15
        assert done - kept <= WINDOW + 2 * Timing().commit * fastest, "twice: a commit takes its time"
        start(delay=0.0)
        outcomes.wait_for(frames.sent, deadline_s=40)
        wait_committed(settings)
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)
    assert outcomes.repeats <= done - kept + WINDOW, "the window, and what was done since the last commit"
    assert not outcomes.letters


def test_a_worker_in_the_place_of_a_killed_one_does_not_wait_for_its_session(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    admin, group = AdminClient(settings.librdkafka()), settings.names.inference_group(MODEL)

    def members() -> int:
        return len(describe_groups(admin, [group], timeout=10)[group].members)

    slot, session = str(tmp_path / "slot"), 60.0
    note = Path(slot)
    with workers(settings, tmp_path) as start:
        first = start(slot=slot, session=session, rebalance=session)
        first.wait_assigned()
        frames.put_many(40)
        outcomes.wait_for(frames.sent, deadline_s=20)
        first.kill()
        frames.put_many(40)
        second = start(slot=slot, session=session, rebalance=session)
        outcomes.wait_for(frames.sent, deadline_s=30)
        assert "predecessor dismissed" in second.text
        third = start(slot=slot, session=session, rebalance=session)
        third.wait_assigned()
        assert "another worker is in this place" in third.text, "nobody sends a worker away that lives"
        assert members() == 2
        wait_committed(settings)
        of_second = note.read_text()
        assert second.terminate() == 0, second.text
        wait_until(lambda: note.read_text() not in {"", of_second}, deadline_s=15, what="a place for who came beside")
        third.kill()
        frames.put_many(40)
        fourth = start(slot=slot, session=session, rebalance=session)
        outcomes.wait_for(frames.sent, deadline_s=30)
        assert "predecessor dismissed" in fourth.text
        wait_committed(settings)
        assert fourth.terminate() == 0, fourth.text
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)


def test_93_every_worker_gets_partitions(settings: Settings, tmp_path: Path) -> None:
    """https://github.com/faust-streaming/faust/issues/93: the default assignor leaves workers without partitions."""
    admin = AdminClient(settings.librdkafka())
    group = settings.names.inference_group(MODEL)

    def shares() -> list[int]:
        return sorted(describe_groups(admin, [group], timeout=10)[group].members.values())

    with workers(settings, tmp_path) as start:
        for _ in range(3):
            start()
        wait_until(lambda: shares() == [1, 1, 2], deadline_s=40, what="three members that share four partitions")


def test_a_stuck_frame_does_not_hold_up_the_end(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    with workers(settings, tmp_path) as start:
        worker = start(slow=60.0, stop=1.0)
        worker.wait_assigned()
        frames.put(jpeg("slow"), info(0, lane=Lane.LIVE).encode(), partition=0)
        frames.flush()
        frames.put_many(40)
        outcomes.wait_for(frames.sent[1:], deadline_s=20)
        begun = time.monotonic()
        assert worker.terminate() == 1, worker.text
        assert time.monotonic() - begun < 4.0
        assert committed(settings)[0] == 0, "what has no outcome is not committed"
        start(slow=0.1)
        outcomes.wait_for(frames.sent, deadline_s=30)
