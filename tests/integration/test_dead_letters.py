"""Dead letters on a real broker: found, shown, sent again, and what becomes of them, with real workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from api.dead_letters.redriver import IN_FLIGHT
from deploy.local.environment import environment_of
from schemas.ledger import Outcome
from schemas.messages import DeadLetter, FrameAddress, Lane, RawHeaders, Redriven, redriven_headers
from schemas.names import Header
from schemas.settings import Settings
from tests.integration.api_world import World
from tests.integration.cli_kit import Run, runner
from tests.integration.streaming_kit import (
    MODEL,
    Frames,
    Outcomes,
    info,
    jpeg,
    log_ends,
    wait_committed,
    wait_until,
    workers,
)

LIMIT = 16 * 1024
LARGE = jpeg()[:2] + b"\xff\xfe\x50\x00" + b"\x37" * 0x4FFE + jpeg()[2:]
"""A JPEG of 20 kB: too large for a worker with a limit of 16 KiB, and for no other."""
HOSTILE: list[tuple[str, bytes | None]] = [
    ("ce_address", b"object-detection/0/0"),
    *((name, value) for name, value in info(7).encode() if name != Header.CAMERA),
    ("null", None),
    ("framebus_error", b"NotAnError"),
    ("binary", b"\xff\x00\xfe"),
    ("twice", b"1"),
    ("twice", b"2"),
]


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(settings, capsys, monkeypatch)


def records(settings: Settings, topic: str, partitions: int = 4) -> list[Message]:
    """Every record of a topic as it is now."""
    options = {**settings.librdkafka(), "group.id": "unused", "enable.partition.eof": True, "check.crcs": True}
    consumer = Consumer(options)
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    found: list[Message] = []
    ended: set[int] = set()
    deadline = time.monotonic() + 20
    while len(ended) < partitions:
        assert time.monotonic() < deadline
        for message in consumer.consume(500, timeout=0.2):
            if message.error() is None:
                found.append(message)
            else:
                ended.add(message.partition())
    consumer.close()
    return found


def frame_at(settings: Settings, address: FrameAddress) -> Message:
    every = records(settings, settings.names.frames(address.model))
    return next(one for one in every if (one.partition(), one.offset()) == address[1:])


def new_address(line: str) -> FrameAddress:
    return FrameAddress.parse(line.split(" to ")[1].split(" ", maxsplit=1)[0])


def test_fixed_frames_are_inferred_and_the_others_say_that_they_died_again(
    settings: Settings, frames: Frames, outcomes: Outcomes, run: Run, tmp_path: Path
) -> None:
    with workers(settings, tmp_path) as start:
        worker = start(frame_limit=LIMIT)
        worker.wait_assigned()
        frames.put(LARGE, partition=0)
        frames.put(b"no picture", partition=1)
        frames.put(jpeg(), headers=HOSTILE, partition=2)  # type: ignore[arg-type]  # a null header
        frames.flush()
        outcomes.wait_for(frames.sent, deadline_s=20)
        large, text, hostile = (FrameAddress(MODEL, number, 0) for number in range(3))
        assert {letter.error for letter, _ in outcomes.letters.values()} == {
            "FrameTooLargeError", "NotJpegError", "HeaderError",
        }  # fmt: skip
        assert worker.terminate() == 0, worker.text

        code, out, _ = run("dead-letter", "redrive", "--all", "--dry-run")
        assert (code, out.count("would be redriven: ")) == (0, 3)
        assert max(log_ends(settings).values()) == 1, "a dry run sends nothing"
        code, out, _ = run("dead-letter", "redrive", "--all", "--yes")
        assert (code, out.splitlines()[-1]) == (0, "3 of 3 redriven")
        first = {line.split(" ")[1]: new_address(line) for line in out.splitlines()[:3]}
        code, out, _ = run("dead-letter", "redrive", str(large))
        assert code == 1
        assert f"not redriven: {large}: it was sent again already, to {first[str(large)]} (number 1)" in out
        assert "waiting at" in run("dead-letter", "list", "--error", "FrameTooLargeError")[1]

        worker = start()  # this one takes larger frames
        outcomes.wait_for(list(first.values()), deadline_s=20)
        wait_committed(settings)
        assert set(outcomes.counts[Outcome.INFERRED]) == {first[str(large)]}
        second = {}
        for letter in (text, hostile):
            code, out, _ = run("dead-letter", "redrive", str(letter))
            assert code == 0, out
            second[str(letter)] = new_address(out)
        outcomes.wait_for(list(second.values()), deadline_s=20)
        wait_committed(settings)

    for letter, value, headers in ((text, b"no picture", info(1).encode()), (hostile, jpeg(), HOSTILE)):
        for number, address in ((b"1", first[str(letter)]), (b"2", second[str(letter)])):
            _assert_sent(settings, address, value, headers, of=letter, number=number)
    _assert_sent(settings, first[str(large)], LARGE, info(0).encode(), of=large, number=b"1")
    _assert_told(run, large, text, first, second)
    capture_counts(settings, frames.sent)
    assert account_of(run) == {
        "camera": "gate",
        "captured": 3,
        "redriven": 5,
        "delivered": 8,
        "inferred": 1,
        "dead": 7,
        "stale": 0,
    }


def _assert_sent(
    settings: Settings, address: FrameAddress, value: bytes, headers: RawHeaders, *, of: FrameAddress, number: bytes
) -> None:
    """The record at `address` is the original one, but for the lane and what names where it comes from."""
    sent = frame_at(settings, address)
    assert (sent.key(), sent.value()) == (b"gate", value)
    lane = [(name, b"redrive" if name == Header.LANE else text) for name, text in headers]
    time_free = [pair for pair in lane if pair[0] != Header.TIME]
    assert [pair for pair in sent.headers()[:-2] if pair[0] != Header.TIME] == time_free
    assert sent.headers()[-2:] == [(Header.REDRIVE_OF, str(of).encode()), (Header.REDRIVE, number)]


def _assert_told(
    run: Run, large: FrameAddress, text: FrameAddress, first: dict[str, FrameAddress], second: dict[str, FrameAddress]
) -> None:
    _, out, _ = run("dead-letter", "list", "--camera", "gate", "--model", MODEL, "--since", "1h")
    rows = {line.split()[2]: line for line in out.splitlines()[1:]}
    assert len(rows) == 7, "three, and four that died again"
    assert f"inferred at {first[str(large)]}" in rows[str(large)]
    assert f"dead again at {second[str(text)]}" in rows[str(text)]
    assert f"number 1 of {text}; dead again at {second[str(text)]}" in rows[str(first[str(text)])]
    assert f"number 2 of {text}" in rows[str(second[str(text)])]
    _, out, _ = run("dead-letter", "show", str(second[str(text)]), "--json")
    shown = json.loads(out)
    assert (shown["letter"]["redrive_of"], shown["letter"]["redrive"]) == (str(text), 2)
    assert [(one["number"], one["outcome"]) for one in shown["history"]] == [(1, "dead again"), (2, "dead again")]
    _, out, _ = run("dead-letter", "show", str(text))
    assert f"from {text} to {first[str(text)]}: dead again" in out
    assert "message: the value looks like text ('no picture')" in out
    _, out, _ = run("dead-letter", "list", "--json", "--error", "NotJpegError", "--limit", "2")
    assert [entry["address"] for entry in json.loads(out)] == [str(second[str(text)]), str(first[str(text)])]


def bury(settings: Settings, addresses: list[FrameAddress]) -> None:
    """Dead letters of good frames, as if a worker that is mended by now had buried and committed them."""
    producer = Producer({**settings.librdkafka(), "partitioner": "murmur2_random"})
    for number, address in enumerate(addresses):
        original = tuple(info(number, lane=Lane.LIVE).encode())
        letter = DeadLetter(address, "NotJpegError", "a mistake", original=original)
        producer.produce(settings.names.dead_letters, jpeg(), b"gate", headers=list(letter.encode()))
    assert producer.flush(20) == 0
    World(settings).commit({number: end for number, end in log_ends(settings).items() if end})


def capture_counts(settings: Settings, addresses: list[FrameAddress]) -> None:
    """What capture would have recorded of these frames."""
    World(settings).counts("gate", addresses, run=1)


def account_of(run: Run) -> dict[str, object]:
    """The audit's one account; the audit is clean, and there is nothing else."""
    code, out, _ = run("audit", "--json", "--model", MODEL)
    report = json.loads(out)
    assert (code, report["clean"], report["uncounted"]) == (0, True, []), out
    (account,) = report["accounts"]
    return {
        name: account[name] for name in ("camera", "captured", "redriven", "delivered", "inferred", "dead", "stale")
    }


def test_a_killed_redriver_is_started_again_and_nothing_is_missing_shed_or_unexplained(
    settings: Settings, frames: Frames, outcomes: Outcomes, run: Run, tmp_path: Path
) -> None:
    total = 600
    frames.put_many(total, lane=Lane.LIVE)
    letters = list(frames.sent)
    bury(settings, letters)
    command = [sys.executable, "-m", "deploy.cli", "dead-letter", "redrive", "--all", "--yes"]
    environment = {**os.environ, **environment_of(settings), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        told = [next(process.stdout) for _ in range(100)]
        process.kill()
    assert all(line.startswith("redriven: ") for line in told)
    # Killed between the two acknowledgements: the frame is there, and the record of it is not.
    orphan = redriven_headers(info(0).encode(), Redriven(letters[-1], 1))
    frames.put(jpeg(), headers=list(orphan))  # type: ignore[arg-type]  # which allow for null headers
    frames.flush()

    code, out, _ = run("dead-letter", "redrive", "--since", "5m", "--yes")
    assert code == 0
    left_alone = int(out.split(" ", 1)[0])
    assert 100 <= left_alone < total, "killed in the middle"
    assert "were sent again already" in out.splitlines()[0]
    assert out.splitlines()[-1] == f"{total - left_alone} of {total - left_alone} redriven"
    every = records(settings, settings.names.frames(MODEL))
    sent = [one for one in every if Header.REDRIVE_OF in dict(one.headers())]
    origins = {dict(one.headers())[Header.REDRIVE_OF].decode() for one in sent}
    assert origins == {str(address) for address in letters}
    assert total < len(sent) <= total + 1 + IN_FLIGHT, "only what was under way is there twice"
    assert {one.partition() for one in sent} == {0, 1, 2, 3}, "spread as producers do"
    assert run("dead-letter", "redrive", "--all", "--yes")[1].splitlines()[-1] == "nothing to send again"

    live = len(frames.sent)
    frames.put_many(200, lane=Lane.LIVE)
    capture_counts(settings, [*letters, *frames.sent[live:]])
    old = time.monotonic() + 1.2
    wait_until(lambda: time.monotonic() > old, deadline_s=3, what="a backlog older than max_age")
    redriven = [FrameAddress(MODEL, one.partition(), one.offset()) for one in sent]
    with workers(settings, tmp_path) as start:
        start(max_age=1.0)
        outcomes.wait_for([*frames.sent[live:], *redriven], deadline_s=30)
        wait_committed(settings)
    assert set(outcomes.counts[Outcome.STALE]) == set(frames.sent[live:])
    assert set(outcomes.counts[Outcome.INFERRED]) == set(redriven), "older than max_age, and none was shed"
    assert account_of(run) == {
        "camera": "gate",
        "captured": total + 200,
        "redriven": len(sent),
        "delivered": total + 200 + len(sent),
        "inferred": len(sent),
        "dead": total,
        "stale": 200,
    }
    head, row = run("audit")[1].splitlines()[:2]
    assert row.split()[head.split().index("redriven")] == str(len(sent))


def test_what_cannot_be_sent_again_is_refused_with_the_reason(
    settings: Settings, frames: Frames, run: Run, tmp_path: Path
) -> None:
    frames.put(jpeg("kept"), partition=0)
    frames.flush()
    kept, gone, strange = frames.sent[0], FrameAddress(MODEL, 0, 5), FrameAddress("no-such-model", 0, 0)
    lethal, absent = FrameAddress(MODEL, 1, 1), FrameAddress(MODEL, 3, 3)
    producer = Producer(settings.librdkafka())
    original = tuple(info(0).encode())
    stored = tuple(frame_at(settings, kept).headers())
    for letter in (
        DeadLetter(kept, "FrameTooLargeError", "large", value_omitted=True, original=stored),
        DeadLetter(gone, "FrameTooLargeError", "large", value_omitted=True, headers_omitted=True),
        DeadLetter(strange, "NotJpegError", "a mistake", original=original),
        DeadLetter(lethal, "LethalFrameError", "it kills", original=original),
    ):
        value = None if letter.value_omitted else jpeg()
        producer.produce(settings.names.dead_letters, value, b"gate", headers=list(letter.encode()))
    assert producer.flush(20) == 0

    code, out, _ = run("dead-letter", "redrive", *map(str, (kept, gone, strange, absent)))

    assert code == 1
    lines = {line.split(": ")[1].split(" ")[0]: line for line in out.splitlines()[:-1]}
    assert "frames' log does not have the frame any more" in lines[str(gone)]
    assert "model 'no-such-model' is not in the catalogue" in lines[str(strange)]
    assert "there is no such dead letter among the 4" in lines[str(absent)]
    assert out.splitlines()[-1] == "1 of 4 redriven, 1 gone, 1 not-found, 1 refused"
    sent = frame_at(settings, new_address(lines[str(kept)]))
    assert sent.value() == jpeg("kept"), "the bytes were still in the frames' log"

    _, out, _ = run("dead-letter", "redrive", "--model", MODEL, "--yes")
    assert "1 were sent again already" in out
    assert "1 killed their worker: left alone; --error LethalFrameError sends them" in out
    assert f"redriven: {lethal}" not in out
    assert f"redriven: {lethal} to" in run("dead-letter", "redrive", "--error", "LethalFrameError", "--yes")[1]
    assert f"redriven: {kept} to" in run("dead-letter", "redrive", str(kept), "--again")[1]
    code, _, error = run("dead-letter", "redrive", "--all", "--again")
    assert code == 2
    assert "expected --yes where nobody can be asked" in error
    assert "either addresses, or --model" in run("dead-letter", "redrive")[2]
    assert "since = 'yesterday': expected an age, as 10m" in run("dead-letter", "list", "--since", "yesterday")[2]
    target = tmp_path / "value"
    assert run("dead-letter", "show", str(kept), "--save", str(target))[0] == 0
    assert target.read_bytes() == jpeg("kept")
    code, out, said = run("dead-letter", "show", str(kept), "--json", "--save", str(target))
    assert (code, json.loads(out)["letter"]["address"]) == (0, str(kept))
    assert said == f"value written to {target}\n"
    code, _, said = run("dead-letter", "show", str(kept), "--save", str(tmp_path / "nowhere" / "value"))
    assert code == 2
    assert said.endswith(": No such file or directory; expected one that can be written\n")


def nearly_too_large(settings: Settings) -> FrameAddress:
    """A frame in the log to which the headers of a redrive cannot be added: its record would exceed the limit."""
    producer = Producer({**settings.librdkafka(), "message.max.bytes": 4_000_000, "linger.ms": 0})
    places: list[FrameAddress] = []

    def delivered(error: object, message: Message) -> None:
        if error is None:
            places.append(FrameAddress(MODEL, message.partition(), message.offset()))

    size = settings.record_limit_bytes
    while not places:
        size -= 40  # less than what a redrive adds
        topic = settings.names.frames(MODEL)
        producer.produce(topic, b"x" * size, b"gate", 1, headers=list(info(0).encode()), on_delivery=delivered)
        assert producer.flush(20) == 0
    return places[0]


def test_a_partial_failure_names_what_is_not_done_and_can_be_repeated(
    settings: Settings, frames: Frames, run: Run
) -> None:
    frames.put_many(3)
    large = nearly_too_large(settings)
    letter = DeadLetter(large, "FrameTooLargeError", "large", value_omitted=True, headers_omitted=True)
    bury(settings, frames.sent)
    producer = Producer(settings.librdkafka())
    producer.produce(settings.names.dead_letters, None, b"gate", headers=list(letter.encode()))
    assert producer.flush(20) == 0

    code, out, _ = run("dead-letter", "redrive", *map(str, (frames.sent[0], large, *frames.sent[1:])))

    assert code == 1
    assert out.splitlines()[-1] == "3 of 4 redriven, 1 failed"
    (failed,) = (line for line in out.splitlines() if line.startswith("not redriven: "))
    assert str(large) in failed
    assert "size" in failed.lower()
    code, out, _ = run("dead-letter", "redrive", "--all", "--yes")
    assert code == 1
    assert out.splitlines()[0] == "3 were sent again already and have not died since: left alone"
    assert out.splitlines()[-1] == "0 of 1 redriven, 1 failed"


def test_without_a_topic_for_the_records_nothing_is_sent(settings: Settings, frames: Frames, run: Run) -> None:
    frames.put_many(4)
    letter = frames.sent[0]
    bury(settings, [letter])
    admin = AdminClient(settings.librdkafka())
    for future in admin.delete_topics([settings.names.redrives]).values():
        future.result(20)
    deleted = settings.names.redrives
    wait_until(lambda: deleted not in admin.list_topics(timeout=5).topics, deadline_s=10, what="the topic's end")
    code, _, error = run("dead-letter", "redrive", str(letter))
    assert code == 2
    assert "framebus topic apply makes them" in error
    assert set(log_ends(settings).values()) == {1}
    assert str(letter) in run("dead-letter", "list")[1], "what there is can be looked at all the same"
