"""What becomes of frames that are not simply inferred, on a real broker: poison, expired, stale, lethal."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.ledger import Outcome
from schemas.messages import FrameAddress, Headers, Lane
from schemas.names import Header
from schemas.settings import Settings
from tests.integration.streaming_kit import (
    MODEL,
    Frames,
    Outcomes,
    committed,
    evict,
    info,
    jpeg,
    wait_committed,
    wait_until,
    workers,
)


def claiming(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size."""
    value = bytearray(jpeg())
    at = value.index(b"\xff\xc0") + 5
    value[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(value)


def png() -> bytes:
    done, buffer = cv2.imencode(".png", np.zeros((48, 64, 3), np.uint8))
    assert done
    return buffer.tobytes()


def without(name: str) -> Headers:
    return [(header, value) for header, value in info(0).encode() if header != name]


LIMIT = Settings().frame_limit_bytes
POISON: list[tuple[bytes, Headers | None, str, str]] = [
    (jpeg()[:-40], None, "NotJpegError", "the JPEG is cut off after"),
    (b"", None, "NotJpegError", "the value is empty; expected a JPEG"),
    (png(), None, "NotJpegError", "the value looks like a PNG; expected a JPEG"),
    (b"no picture at all", None, "NotJpegError", "the value looks like text ('no picture at al')"),
    (claiming(20_000, 20_000), None, "FrameTooLargeError", "claims 20,000×20,000 = 400,000,000 pixels"),
    (claiming(32, 32), None, "HeaderError", "headers ce_width × ce_height = 64×48: expected the JPEG's 32×32"),
    (jpeg()[:2] + b"\0" * (LIMIT + 1), None, "FrameTooLargeError", f"{LIMIT + 3:,} bytes; expected at most {LIMIT:,}"),
    (jpeg(), [], "HeaderError", "header ce_specversion is missing"),
    (jpeg(), [*without(Header.TYPE), ("null", None)], "HeaderError", "header ce_type is missing"),  # type: ignore[list-item]
    (jpeg(), [*without(Header.TIME), (Header.TIME, b"9999-12-31T23:59:59-14:00")], "HeaderError", "expected RFC 3339"),
    (jpeg(), without(Header.CAMERA), "HeaderError", "header ce_camera is missing"),
    (jpeg(), info(3, model="face-detection").encode(), "HeaderError", "expected object-detection/1/3 in this topic"),
]


def test_poison_ends_in_dead_letters_and_harms_nobody(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    with workers(settings, tmp_path) as start:
        worker = start()
        worker.wait_assigned()
        for value, headers, _, _ in POISON:
            frames.put(jpeg(), partition=0)
            frames.put(value, headers, partition=0)
        frames.put(jpeg("fail"), partition=0)
        frames.flush()
        outcomes.wait_for(frames.sent, deadline_s=20)
        wait_committed(settings)
        assert worker.process.poll() is None, worker.text
    assert sorted(address.offset for address in outcomes.letters) == list(range(1, 2 * len(POISON), 2))
    for index, (value, headers, error, reason) in enumerate(POISON):
        letter, kept = outcomes.letters[FrameAddress(MODEL, 0, 2 * index + 1)]
        assert (letter.error, letter.attempts) == (error, 1)
        assert reason in letter.message
        assert (kept or b"") == value, "the original value is untouched"
        assert headers is None or list(letter.original) == headers
    assert len(outcomes.counts[Outcome.INFERRED]) == len(POISON) + 1, "neighbours, and what the core failed on once"
    assert outcomes.repeats == 0


def delete_below(settings: Settings, offsets: dict[int, int]) -> None:
    """What retention does, at once."""
    admin = AdminClient(settings.librdkafka())
    topic = settings.names.frames(MODEL)
    for future in admin.delete_records([TopicPartition(topic, *item) for item in offsets.items()]).values():
        future.result(10)


def test_what_expired_unread_is_recorded(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    frames.put_many(80)
    delete_below(settings, {0: 5, 1: 20})  # before the group's first commit: some of one partition, all of another
    with workers(settings, tmp_path) as start:
        worker = start()
        outcomes.wait_for(frames.sent, deadline_s=30)
        wait_committed(settings)
        assert set(outcomes.counts[Outcome.EXPIRED]) == {
            *(FrameAddress(MODEL, 0, offset) for offset in range(5)),
            *(FrameAddress(MODEL, 1, offset) for offset in range(20)),
        }
        assert worker.terminate() == 0, worker.text
        frames.put_many(40)
        delete_below(settings, {2: 28})  # while nobody reads: below what the group comes back to
        start()
        outcomes.wait_for(frames.sent, deadline_s=30)
        wait_committed(settings)
    assert {(a.partition, a.offset) for a in outcomes.counts[Outcome.EXPIRED] if a.partition == 2} == {
        (2, offset) for offset in range(20, 28)
    }
    assert len(outcomes.counts[Outcome.INFERRED]) == 80 - 25 + 32
    assert outcomes.repeats == 0


@pytest.mark.parametrize("kept", [50, 0], ids=["and more comes", "and nothing comes behind it"])
def test_what_expires_ahead_of_a_slow_worker_is_recorded(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path, kept: int
) -> None:
    large = jpeg()[:2] + b"\xff\xfe\xff\xff" + b"\0" * 65533 + jpeg()[2:]
    with workers(settings, tmp_path) as start:
        worker = start(delay=0.2)
        worker.wait_assigned()
        for seq in range(1200):
            frames.put(large, info(seq).encode(), partition=0)
        frames.flush()
        outcomes.wait_for(frames.sent[:50], deadline_s=20)
        delete_below(settings, {0: 1200 - kept})
        outcomes.wait_for(frames.sent, deadline_s=60)
        wait_committed(settings)
        expired = sorted(address.offset for address in outcomes.counts[Outcome.EXPIRED])
        assert expired == list(range(expired[0], 1200 - kept)), "one gap, up to the log's new start"
        assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent) - set(outcomes.counts[Outcome.EXPIRED])
        assert outcomes.repeats == 0
        assert worker.process.poll() is None


def test_a_stale_backlog_is_shed_and_then_results_are_fresh(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    frames.put_many(2500, lane=Lane.LIVE)
    frames.put_many(20, lane=Lane.BATCH)
    backlog = len(frames.sent)
    grown = time.monotonic() + 1.2
    wait_until(lambda: time.monotonic() > grown, deadline_s=3, what="a backlog older than max_age")
    with workers(settings, tmp_path) as start:
        worker = start(max_age=1.0, delay=0.01)
        outcomes.wait_for(frames.sent[:2500], deadline_s=30)
        frames.put_many(40, lane=Lane.LIVE)
        outcomes.wait_for(frames.sent, deadline_s=20)
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert set(outcomes.counts[Outcome.STALE]) == set(frames.sent[:2500])
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent[2500:backlog]) | set(frames.sent[backlog:])
    assert outcomes.repeats == 0


def test_a_device_whose_clock_is_wrong_loses_no_frame(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    """Days behind, years ahead, and a step back within a run: ages are the broker's, so nothing is stale."""
    moments = [datetime.now(UTC) + timedelta(days=days) for days in (-3, 3_000, -3_000, 0, -1)]
    with workers(settings, tmp_path) as start:
        worker = start(max_age=2.0)
        worker.wait_assigned()
        for seq in range(40):
            taken = replace(info(seq, lane=Lane.LIVE), captured_at=moments[seq % len(moments)])
            frames.put(jpeg(), taken.encode())
        frames.flush()
        outcomes.wait_for(frames.sent, deadline_s=20)
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)
    assert not outcomes.counts[Outcome.STALE]


def test_a_frame_that_kills_the_worker_is_buried_after_three_attempts(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    frames.put_many(30)
    frames.put(jpeg("die"), partition=0)
    frames.put_many(30)
    lethal = next(address for address in frames.sent if (address.partition, address.offset) == (0, 8))
    deaths = 0
    with workers(settings, tmp_path) as start:
        worker = start()

        def buried() -> bool:
            nonlocal worker, deaths
            if worker.process.poll() is not None:
                assert worker.process.returncode == 137, worker.text
                deaths += 1
                evict(settings)
                worker = start()
            outcomes.read()
            return bool(outcomes.letters)

        wait_until(buried, deadline_s=60, what="a dead letter")
        outcomes.wait_for(frames.sent, deadline_s=20)
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert deaths == 4, "one at full speed, which nobody can blame on a frame, and three alone"
    letter, value = outcomes.letters[lethal]
    assert (letter.error, letter.attempts) == ("LethalFrameError", 3)
    assert value == jpeg("die")
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent) - {lethal}
    assert list(outcomes.letters) == [lethal]


def test_a_process_that_was_stopped_blames_no_frame(
    settings: Settings, frames: Frames, outcomes: Outcomes, tmp_path: Path
) -> None:
    with workers(settings, tmp_path) as start:
        worker = start(delay=0.05, infer=1.0)
        worker.wait_assigned()
        frames.put_many(400)
        outcomes.wait_for(frames.sent[:50], deadline_s=20)
        worker.process.send_signal(signal.SIGSTOP)
        thawed = time.monotonic() + 4.0
        wait_until(lambda: time.monotonic() > thawed, deadline_s=6, what="four deadlines of inference")
        worker.process.send_signal(signal.SIGCONT)
        outcomes.wait_for(frames.sent, deadline_s=30)
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert not outcomes.letters
    assert set(outcomes.counts[Outcome.INFERRED]) == set(frames.sent)
    assert committed(settings).keys() == {0, 1, 2, 3}
