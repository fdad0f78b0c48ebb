"""Poison on a real broker: every reader of every topic goes on, and says what it could not read."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Producer

from api.audit.auditor import Auditor
from schemas.catalogue import Catalogue
from schemas.contract import EXAMPLES
from schemas.ledger import Outcome
from schemas.messages import Camera, CameraStatus, FrameAddress, Headers
from schemas.names import Header
from schemas.settings import Settings
from tests.hostile.jpeg_table import ALL
from tests.hostile.raw_records import RawName, put_raw
from tests.hostile.texts import documents
from tests.integration.api_client import serving
from tests.integration.api_world import World, wait_for
from tests.integration.capture_world import capture_worker, read_topic
from tests.integration.streaming_kit import MODEL, Frames, Outcomes, info, jpeg, wait_committed, workers

ROOT = Path(__file__).parents[2]
LIMIT = Settings().frame_limit_bytes
SEED = 20260131
GARBAGE = 400
"""Records in each topic that is not the frames'."""
SMALL = [case for case in ALL if len(case.value) <= 100_000 and not case.name.startswith("cut off at byte")]


def sized(size: int) -> bytes:
    """A good JPEG with just so many bytes, by comments."""
    value = jpeg()
    left = size - len(value)
    comments = b""
    while left:
        part = min(left, 65_537)
        part = part if left - part == 0 or left - part >= 4 else part - 4
        comments += b"\xff\xfe" + (part - 2).to_bytes(2, "big") + bytes(part - 4)
        left -= part
    return value[:2] + comments + value[2:]


def headers(**changed: bytes) -> Headers:
    return [(name, changed.get(name, value)) for name, value in info(0).encode()]


@pytest.fixture
def outcomes(settings: Settings) -> Iterator[Outcomes]:
    reader = Outcomes(settings)
    yield reader
    reader.close()


WIRE: list[tuple[str, bytes, Headers | None, str]] = [
    ("no value", b"", None, "NotJpegError"),
    ("just as large as allowed", sized(LIMIT), None, ""),
    ("one byte larger", sized(LIMIT + 1), None, "FrameTooLargeError"),
    ("no header", jpeg(), [], "HeaderError"),
    ("a header of 60 KB that nobody knows", jpeg(), [*headers(), ("x", bytes(60_000))], ""),
    ("a header of 60 KB that everybody knows", jpeg(), headers(ce_camera=b"a" * 60_000), "HeaderError"),
    ("a thousand headers", jpeg(), [*headers(), *((f"h{number}", b"") for number in range(1000))], ""),
    ("another line in a header", jpeg(), headers(ce_lane=b"live\r\n2026 ERROR forged"), "HeaderError"),
    ("a header twice", jpeg(), [*headers(), (Header.CAMERA, b"yard")], "HeaderError"),
    ("headers that are those of a dead letter", jpeg(), [*headers(), ("framebus_error", b"\x1b[2J")], ""),
]


def test_poison_in_the_frames_ends_in_dead_letters_with_a_reason(
    settings: Settings, outcomes: Outcomes, tmp_path: Path, cases: Counter[str]
) -> None:
    frames = Frames(settings)
    raw = [(RawName(b"\xff\xfe\x80"), b"v"), *info(0).encode()]
    with workers(settings, tmp_path) as start:
        worker = start()
        worker.wait_assigned()
        for _, value, given, _ in WIRE:
            frames.put(value, given, partition=0)
            frames.put(partition=0)
        frames.flush()
        unreadable = put_raw(settings, settings.names.frames(MODEL), jpeg(), raw, partition=0)
        for case in SMALL:
            frames.put(case.value, partition=1)
        frames.put(partition=0)
        frames.flush()
        everywhere = [*frames.sent, FrameAddress(MODEL, 0, unreadable)]
        outcomes.wait_for(everywhere, deadline_s=40)
        wait_committed(settings)
        assert worker.process.poll() is None, worker.text
        assert worker.terminate() == 0, worker.text
        log = worker.text
    cases["frames on the wire"] += len(everywhere)
    for index, (name, value, _, error) in enumerate(WIRE):
        letter = outcomes.letters.get(FrameAddress(MODEL, 0, 2 * index))
        assert (letter[0].error if letter else "") == error, name
        assert letter is None or (letter[0].message and (letter[1] or b"") in (value, b"")), name
    assert FrameAddress(MODEL, 0, unreadable) in outcomes.counts[Outcome.INFERRED], "its headers are all there"
    dead = [address for address in outcomes.letters if address.partition == 1]
    assert len(dead) >= sum(1 for case in SMALL if case.error), "and those whose size is another than the headers say"
    assert outcomes.repeats == 0
    assert "forged\n" not in log.replace("forged'", "")
    assert "\x1b" not in log


def garbage(settings: Settings) -> dict[str, list[bytes | None]]:
    """What is written into each topic that others read: bytes of every kind, and what nearly is a record of it."""
    names = settings.names
    examples = {
        names.cameras: ("camera",),
        names.camera_status: ("camera-status",),
        names.captures: ("capture-counts", "capture-claim"),
        names.skips: ("skip",),
        names.results(MODEL): ("result",),
        names.dead_letters: ("result",),
    }
    plain: list[bytes | None] = [None, b"", b"\0", b"\xff" * 1000, b"{}", b"[]", b"null", b"[" * 100_000]
    made = {}
    for topic, kinds in examples.items():
        golden = [EXAMPLES[kind].model_dump(mode="json", exclude_none=True) for kind in kinds]
        near = documents(golden, GARBAGE - len(plain), seed=SEED)
        made[topic] = [*plain, *near]
    return made


def test_garbage_in_every_other_topic_stops_nobody(
    settings: Settings, catalogue: Catalogue, tmp_path: Path, cases: Counter[str]
) -> None:
    world = World(settings)
    with serving(settings, catalogue) as client, capture_worker(settings, tmp_path) as capture:
        cases["records in topics other than the frames'"] += _write_garbage(settings)
        _check_everybody_goes_on(settings, world, client)
        assert capture.process.poll() is None, capture.log.read_text()
        capture.stop()
    auditor = Auditor(settings, catalogue)
    try:
        auditor.refresh(60)
        balance = auditor.balance()
    finally:
        auditor.close()
    assert balance.malformed_count > GARBAGE, "and it says how many it could not read"
    assert not balance.is_clean
    assert all(str(entry).isprintable() and len(str(entry)) < 2000 for entry in balance.malformed)


def _check_everybody_goes_on(settings: Settings, world: World, client: httpx.Client) -> None:
    """What is right is still read behind all that, by the API, the audit of the API and the capture worker."""
    address = world.frame("gate", 0)
    world.result("gate", address)
    camera = Camera(id="gate", source="/nowhere/video.mp4", models=(MODEL,))
    world.message(world.names.cameras, camera, key="gate")
    wait_for(lambda: str(address) in client.get("/api/v1/results").text, seconds=20)
    wait_for(lambda: '"gate"' in client.get("/api/v1/cameras").text, seconds=20)
    wait_for(lambda: _trouble(settings, "gate"), seconds=30)
    begun = time.monotonic()
    ledger = client.get("/api/v1/ledger").json()
    assert time.monotonic() - begun < 10
    assert ledger["malformed_count"] > GARBAGE
    assert client.get("/readyz").status_code == 200


def _write_garbage(settings: Settings) -> int:
    producer = Producer(settings.librdkafka())
    written = 0
    for topic, values in garbage(settings).items():
        for number, value in enumerate(values):
            key = None if number % 3 else f"\x1b[2Jkey-{number % 50}"
            producer.produce(topic, value, key, number % 2)
        assert producer.flush(30) == 0
        put_raw(settings, topic, b"{}", [(RawName(b"\xff\xfe"), b"v")], partition=0)
        written += len(values) + 1
    return written


def _trouble(settings: Settings, camera: str) -> str | None:
    """What the capture worker says of a camera, behind everything else in the topic."""
    records = read_topic(settings, settings.names.camera_status)
    own = [record.value() for record in records if record.key() == camera.encode() and record.value()]
    return CameraStatus.from_json(own[-1]).error if own else None


def test_headers_are_read_in_the_one_safe_way() -> None:
    """confluent-kafka's own `headers()` ends the process where a header's name is no text."""
    sources = [path for room in ("api", "deploy", "producers") for path in (ROOT / room).rglob("*.py")]
    unsafe = [path for path in sources if re.search(r"(message|record|frame)\.headers\(\)", path.read_text())]
    assert len(sources) > 50
    assert unsafe == []
