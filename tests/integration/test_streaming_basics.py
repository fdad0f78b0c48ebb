"""The worker on a real broker: results with addresses, commits up to the end, a clean and quick SIGTERM."""

from __future__ import annotations

from pathlib import Path

from schemas.ledger import Outcome
from schemas.settings import Settings
from tests.integration.streaming_kit import Frames, Outcomes, committed, wait_committed, workers


def test_every_frame_is_inferred_and_committed(settings: Settings, tmp_path: Path) -> None:
    frames, outcomes = Frames(settings), Outcomes(settings)
    with workers(settings, tmp_path) as start:
        worker = start()
        worker.wait_assigned()
        assert committed(settings) == {0: 0, 1: 0, 2: 0, 3: 0}, "a group commits once when it is created"
        frames.put_many(400)
        outcomes.wait_for(frames.sent, deadline_s=30)
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)
    assert outcomes.repeats == 0
