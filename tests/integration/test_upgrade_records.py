"""Records of a later release in every topic of a running system: nobody stops, and the audit says what it saw."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from api.audit.auditor import Auditor
from api.audit.report import render
from api.results import ResultReader
from schemas.catalogue import Catalogue
from schemas.ledger import Account, Balance
from schemas.messages import CameraState
from schemas.names import Header
from schemas.settings import Settings
from tests.golden import corpus, future, store
from tests.golden.store import GoldenRecord
from tests.integration.api_client import serving, streaming
from tests.integration.api_world import World, wait_for
from tests.integration.capture_world import capture_worker, eventually, read_statuses
from tests.integration.streaming_kit import MODEL, Frames, Outcomes, committed, info, jpeg, wait_committed, workers

FACES = corpus.FACES
NEWEST = {record.name: record for record in store.records()}


def put(world: World, record: GoldenRecord, *, topic: str | None = None) -> int:
    """Write a golden record, to its own topic or another one."""
    headers = [(name, value) for name, value in record.headers if value is not None]
    key = record.key.decode() if record.key else None
    return world.put(f"{world.settings.prefix}{topic or record.topic}", record.value, key=key, headers=headers)


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


def put_frames(world: World) -> int:
    """Every golden frame as a later release may write it, and one of a lane of its own; how many."""
    frames = [future.with_more(record) for name, record in NEWEST.items() if name.startswith("frame: ")]
    frames.append(future.with_header(frames[0], Header.LANE, b"express"))
    for frame in frames:
        put(world, frame)
    return len(frames)


def put_story(world: World) -> None:
    """Three frames of a later capture for another model: a later result, a later skip and a dead letter."""
    frame = NEWEST["frame: lane live"]
    identity = f"{FACES}/42/".encode()
    for seq in range(3):
        put(world, future.with_header(frame, Header.ID, identity + str(seq).encode()), topic=f"frames.{FACES}")
    counts = {"model": FACES, "first_seq": 0, "next_seq": 5, "dropped": {"night": 2}, "later": [1], "closed": True}
    delivered = [{"partition": 0, "ranges": [[0, 2]]}]
    put(world, future.with_fields(NEWEST["capture counts: every drop reason"], **counts, delivered=delivered))
    put(world, future.with_fields(NEWEST["capture claim: claim"], kind="pause"))
    result = future.with_header(NEWEST["result: one detection"], Header.ADDRESS, f"{FACES}/0/0".encode())
    put(world, future.with_header(result, Header.TYPE, b"framebus.result.v2"), topic=f"results.{FACES}")
    skipped = [{"camera": "gate", "frames": [{"partition": 0, "ranges": [[1, 1]]}]}]
    put(world, future.with_fields(NEWEST["skip: stale"], model=FACES, reason="night", skipped=skipped))
    put(world, future.with_fields(NEWEST["skip: stale"], kind="pause"))
    letter = future.with_header(NEWEST["dead letter: value kept"], Header.ADDRESS, f"{FACES}/0/2".encode())
    put(world, future.with_more(letter))
    group = {**world.settings.librdkafka(), "group.id": world.names.inference_group(FACES)}
    consumer = Consumer(group)
    consumer.commit(offsets=[TopicPartition(world.names.frames(FACES), 0, 3)], asynchronous=False)
    consumer.close()


def put_cameras(world: World) -> None:
    """A camera that we can run, with more fields than we know, and one that asks for what only a later release does."""
    spec = NEWEST["camera: longest name"]
    runs = future.with_fields(future.with_more(spec), id="yard", site="default", source="pattern:320x240", fps=5)
    asks = future.with_fields(spec, id="roof", site="default", pacing="adaptive")
    for name, record in {"yard": runs, "roof": asks}.items():
        world.put(world.names.cameras, record.value, key=name)
    status = future.with_fields(
        future.with_more(NEWEST["camera status: state streaming"]), state="paused", camera="roof"
    )
    world.put(world.names.camera_status, status.value, key="roof")


def audited(settings: Settings, catalogue: Catalogue) -> Balance:
    auditor = Auditor(settings, catalogue)
    try:
        auditor.refresh(20)
        return auditor.balance()
    finally:
        auditor.close()


@pytest.mark.timeout(240)
def test_records_of_a_later_release_stop_nobody(
    settings: Settings, catalogue: Catalogue, world: World, tmp_path: Path
) -> None:
    put_story(world)
    put_cameras(world)
    tail = ResultReader(settings, [MODEL])
    with (
        workers(settings, tmp_path) as start,
        capture_worker(settings, tmp_path) as capture,
        serving(settings, catalogue) as client,
        streaming(client) as events,
    ):
        worker = start()
        worker.wait_assigned()
        sent = put_frames(world)
        capture.says("camera ignored")
        eventually(lambda: _streams(settings, "yard"), "the camera with more fields streams")
        seen = {next(events).name for _ in range(sent)}
        assert seen == {"result"}
        assert client.get("/api/v1/results?camera=gate").status_code == 200
        states = {entry["camera"]["id"]: entry["status"] for entry in client.get("/api/v1/cameras").json()["cameras"]}
        assert states["yard"]["state"] == "streaming"
        capture.stop()
        wait_committed(settings)
        assert worker.terminate() == 0, worker.text
    assert len(wait_for(lambda: tail.poll(0.5))) >= 1
    tail.close()
    balance = audited(settings, catalogue)
    _check_story(settings, balance)
    assert balance.uncounted[MODEL] == Account(delivered=sent, inferred=sent), "no golden frame is at fault"


def _streams(settings: Settings, camera: str) -> bool:
    status = read_statuses(settings).get(camera)
    return status is not None and status.state is CameraState.STREAMING


def _check_story(settings: Settings, balance: Balance) -> None:
    assert balance.is_clean, render(balance)
    account = balance.accounts["gate", FACES]
    assert account == Account(captured=5, dropped=account.dropped, delivered=3, inferred=1, other=1, dead=1), (
        "a later result, skip and drop count as what they are"
    )
    assert dict(account.dropped) == {"night": 2}
    newer = {what.removeprefix(settings.prefix).split(" is none")[0]: count for what, count in balance.newer.items()}
    assert newer == {
        "captures: capture record: kind 'pause'": 1,
        "skips: skip: reason 'night'": 1,
        "skips: skip: kind 'pause'": 1,
    }
    assert "audit with that release" in render(balance)


def test_a_frame_that_only_a_newer_worker_can_read_waits_for_one(
    settings: Settings, outcomes: Outcomes, tmp_path: Path
) -> None:
    frames = Frames(settings)
    frames.put_many(40)
    later = [(name, b"framebus.frame.v2" if name == Header.TYPE else value) for name, value in info(40).encode()]
    frames.put(jpeg(), later, partition=0)
    frames.flush()
    frames.put_many(4)
    before = frames.sent[:40]
    with workers(settings, tmp_path) as start:
        for _ in range(3):
            worker = start()
            assert worker.process.wait(40) == 1
            assert "'framebus.frame.v2': expected 'framebus.frame.v1'" in worker.text
    outcomes.wait_for([address for address in before if address.partition == 0], deadline_s=10)
    outcomes.read()
    assert outcomes.letters == {}, "it is not the frame's fault"
    assert outcomes.repeats == 0, "what was taken before it was finished, and committed"
    assert committed(settings)[0] == 10, "and it waits, with what comes after it"
    assert not [address for address in outcomes.known if address.partition == 0 and address.offset >= 10]
