"""The broker goes away in the middle and comes back: the worker waits, loses nothing and blames no frame."""

from __future__ import annotations

from pathlib import Path

from deploy.local.kafka import EmbeddedKafka
from schemas.ledger import Outcome
from schemas.settings import Settings
from tests.integration.streaming_kit import Frames, Outcomes, wait_committed, workers


def test_an_outage_loses_nothing(kafka: EmbeddedKafka, settings: Settings, tmp_path: Path) -> None:
    frames, outcomes = Frames(settings), Outcomes(settings)
    with workers(settings, tmp_path) as start:
        worker = start(delay=0.03)
        worker.wait_assigned()
        frames.put_many(800)
        outcomes.wait_for(frames.sent[:100], deadline_s=20)
        kafka.restart()
        frames.put_many(100)
        outcomes.wait_for(frames.sent, deadline_s=60)
        wait_committed(settings, deadline_s=30)
        assert worker.process.poll() is None, worker.text
        assert worker.terminate() == 0, worker.text
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)
    assert not outcomes.letters
    outcomes.close()
