"""A worker that has stalled ends, with the reason; one that is idle, slow, stopped or cut off does not."""

from __future__ import annotations

import re
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy import topics
from deploy.local.kafka import EmbeddedKafka
from processors.streaming.serve import HUNG
from processors.streaming.timing import Timing
from schemas.catalogue import Catalogue
from schemas.ledger import Outcome
from schemas.settings import Settings
from tests.integration.streaming_kit import (
    MODEL,
    Frames,
    Outcomes,
    committed,
    info,
    jpeg,
    log_ends,
    wait_committed,
    wait_until,
    workers,
)

QUICK: dict[str, float | str] = {"session": 6.0, "rebalance": 6.0, "infer": 2.0, "watch": 0.5}
LIMIT_S = 0.5 * Timing(session=6.0, rebalance=6.0, infer=2.0, watch=0.5).patience


def pause(seconds: float) -> None:
    """Let real time pass: what is shown is that nothing happens meanwhile."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, deadline_s=seconds + 5, what="time")


@pytest.mark.timeout(240)
def test_a_worker_that_stalls_ends_and_says_why(settings: Settings, catalogue: Catalogue, tmp_path: Path) -> None:
    """Four installations at a time, since each worker takes the whole of its patience."""
    defects = ("fetching", "commits", "thread", "frames")
    with ExitStack() as ends:
        start = ends.enter_context(workers(settings, tmp_path))
        started = {}
        for defect in defects:
            own = settings.model_copy(update={"prefix": f"{settings.prefix}{defect}."})
            topics.apply(own, catalogue)
            ends.callback(topics.delete, own, catalogue)
            started[defect] = own, Frames(own), start(own, defect=defect, **QUICK)
        for own, frames, worker in started.values():
            worker.wait_assigned()
            frames.put_many(40)
            wait_committed(own)
            worker.process.send_signal(signal.SIGUSR1)
        pause(2.0)  # a fetch that is open already still brings what comes within its half second
        for _, frames, _ in started.values():
            frames.put_many(4)
        for defect, (own, _, worker) in started.items():
            assert worker.process.wait(LIMIT_S + 45) == HUNG, f"{defect}: {worker.text}"
            said = re.search(r"worker fails model=object-detection error=StalledError\(.(.*).\)\n", worker.text)
            assert said, worker.text
            assert said[1].startswith("no commit moves for 24 looks though frames wait and the broker answers")
            for number in range(4):
                assert re.search(rf"partition {number} committed 10 end 11 since 20\S+Z", said[1])
            if defect != "commits":
                assert committed(own) == dict.fromkeys(range(4), 10)


@pytest.mark.timeout(240)
def test_no_outage_no_halt_and_no_slow_frame_is_a_stall(
    kafka: EmbeddedKafka, settings: Settings, tmp_path: Path
) -> None:
    frames, outcomes = Frames(settings), Outcomes(settings)
    with workers(settings, tmp_path) as start:
        worker = start(delay=0.02, slow=5.5, **QUICK)
        worker.wait_assigned()
        for number in range(4):
            frames.put(jpeg("slow"), partition=number)  # as long as a frame may take before the core is said to hang
        frames.put_many(400)
        outcomes.wait_for(frames.sent, deadline_s=30)
        wait_committed(settings)
        frames.put_many(1200)
        outcomes.wait_for(frames.sent[:600], deadline_s=20)
        kafka.stop()
        pause(LIMIT_S + 2)
        kafka.start()
        outcomes.wait_for(frames.sent, deadline_s=60)
        wait_committed(settings)
        frames.put_many(600)
        outcomes.wait_for(frames.sent[:-300], deadline_s=20)
        worker.process.send_signal(signal.SIGSTOP)
        pause(LIMIT_S + 2)
        worker.process.send_signal(signal.SIGCONT)
        outcomes.wait_for(frames.sent, deadline_s=60)
        wait_committed(settings)
        assert worker.process.poll() is None, worker.text
        assert worker.terminate() == 0, worker.text
    assert "StalledError" not in worker.text
    assert not outcomes.letters
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)
    outcomes.close()


def test_a_log_that_ends_in_a_transactions_marker_is_worked_off(settings: Settings, tmp_path: Path) -> None:
    """A marker has an offset, and is no frame: committed over, or its lag would stay and look like a stall."""
    frames, outcomes = Frames(settings), Outcomes(settings)
    producer = Producer({**settings.librdkafka(), "transactional.id": f"{settings.prefix}writer"})
    producer.init_transactions(30)

    def put(count: int, *, commit: bool = True) -> None:
        producer.begin_transaction()
        for seq in range(count):
            producer.produce(settings.names.frames(MODEL), jpeg(), b"gate", 0, headers=info(seq).encode())
        assert producer.flush(20) == 0
        end = log_ends(settings)[0]
        (producer.commit_transaction if commit else producer.abort_transaction)(30)
        # The coordinator answers before the marker is in the log.
        wait_until(lambda: log_ends(settings)[0] > end, deadline_s=20, what="the transaction's marker")

    put(5)
    with workers(settings, tmp_path) as start:
        worker = start(**QUICK)
        worker.wait_assigned()
        assert log_ends(settings)[0] == 6, "five frames and a marker"
        wait_committed(settings, deadline_s=30)
        put(2, commit=False)
        put(3)
        frames.put_many(4)
        outcomes.wait_for(frames.sent, deadline_s=20)
        wait_committed(settings, deadline_s=30)
        pause(LIMIT_S)
        assert worker.process.poll() is None, worker.text
        assert worker.terminate() == 0, worker.text
    outcomes.read()
    markers = [address.offset for address in outcomes.counts[Outcome.EXPIRED]]
    assert sorted(markers) == [5, 8, 12]
    assert sorted(address.offset for address in outcomes.counts[Outcome.INFERRED] if address.partition == 0) == [
        *range(5), 6, 7, 9, 10, 11, 13,
    ]  # fmt: skip
    assert outcomes.repeats == 0
    outcomes.close()
