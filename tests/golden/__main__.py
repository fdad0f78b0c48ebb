"""`python -m tests.golden COMMIT` freezes what the release in pyproject.toml writes, in `tests/golden/<version>/`.

The records pass through the real writers and, where these produce by themselves, through a real broker: keys, headers
and values are those that stand in the log. A release that is frozen stays as it is.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from prometheus_client import CollectorRegistry

import schemas
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from processors.metrics import WorkerMetrics
from processors.streaming.outcomes import Outcomes, Receipt, Record, dead_record
from producers.control import put_camera, remove_camera
from producers.counts import FrameCounter
from producers.records import RecordSink
from producers.sink import FrameSink
from schemas.messages import Camera, CameraStatus, DeadLetter
from schemas.names import Names
from schemas.settings import Settings
from tests.golden import corpus

HERE = Path(__file__).parent
ROOT = Path(schemas.__file__).parents[1]
TOO_LARGE = bytes(100_000)
LIMIT = 64 * 1024


def main(arguments: list[str]) -> int:
    """Write the release's files; 1 where they exist already, 2 where the commit is not named."""
    if len(arguments) != 1:
        sys.stderr.write("expected the commit of the release: python -m tests.golden $(git rev-parse HEAD)\n")
        return 2
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if not re.fullmatch(r"\d+\.\d+\.\d+", project["version"]):
        sys.stderr.write(f"version {project['version']}: expected that of a release, as 0.2.0\n")
        return 2
    folder = HERE / project["version"]
    if folder.exists():
        sys.stderr.write(f"{folder} exists: what a release wrote is never written again; expected a new version\n")
        return 1
    records = [*_produced(), *asyncio.run(_outcomes()), *_crops(), *_redrives(), *_undelivered(), *_marks()]
    folder.mkdir()
    shutil.copytree(ROOT / "schemas/json", folder / "json")
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")
    release = {"version": project["version"], "commit": arguments[0]}
    (folder / "release.json").write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{folder}: {len(records)} records\n")
    return 0


def _produced() -> Iterator[dict[str, Any]]:
    """What capture and the command line write, as a broker has it."""
    with tempfile.TemporaryDirectory() as data, EmbeddedKafka(Path(data), KafkaRuntime.prepare(Settings())) as kafka:
        settings = Settings(bootstrap_servers=kafka.bootstrap_servers, prefix="golden.")
        names = settings.names
        topics = (names.frames(corpus.MODEL), names.cameras, names.camera_status, names.captures)
        _create(settings, topics)
        _write_frames(settings)
        _write_records(settings)
        _write_cameras(settings)
        written = {
            names.frames(corpus.MODEL): [f"frame: {name}" for name in corpus.FRAMES],
            names.cameras: [f"camera: {name}" for name in corpus.CAMERAS],
            names.camera_status: [f"camera status: {name}" for name in corpus.STATUSES],
            names.captures: [
                *(f"capture claim: {name}" for name in corpus.CLAIMS),
                *(f"capture counts: {name}" for name in corpus.COUNTS),
            ],
        }
        for topic, titles in written.items():
            for title, message in zip(titles, _read(settings, topic, len(titles)), strict=True):
                yield _entry(title, topic.removeprefix(names.prefix), message.key(), message.value(), message.headers())


def _create(settings: Settings, topics: tuple[str, ...]) -> None:
    """Topics of one partition, so that records come back in the order in which they were written."""
    admin = AdminClient(settings.librdkafka())
    for future in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
        future.result(30)


def _write_frames(settings: Settings) -> None:
    sink = FrameSink(settings)
    for info in corpus.FRAMES.values():
        assert sink.send(info, corpus.JPEG, 0, FrameCounter(info.camera, info.model, info.run))
    assert sink.close(30) == 0


def _write_records(settings: Settings) -> None:
    sink = RecordSink(settings)
    for claim in corpus.CLAIMS.values():
        assert sink.claim(claim, Event()) is not None
    for counts in corpus.COUNTS.values():
        sink.counts(counts)
    for status in corpus.STATUSES.values():
        if isinstance(status, CameraStatus):
            sink.status(status)
        else:
            sink.forget(status)
    assert sink.close(30) == 0


def _write_cameras(settings: Settings) -> None:
    for camera in corpus.CAMERAS.values():
        if isinstance(camera, Camera):
            put_camera(settings, camera)
        else:
            remove_camera(settings, camera)


def _read(settings: Settings, topic: str, count: int) -> list[Any]:
    consumer = Consumer({**settings.librdkafka(), "group.id": "golden", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages: list[Any] = []
        while len(messages) < count:
            found = consumer.consume(count - len(messages), timeout=10)
            assert found, f"{topic}: {len(messages)} of {count} records"
            messages += found
        return messages
    finally:
        consumer.close()


async def _outcomes() -> list[dict[str, Any]]:
    """What a worker writes, as it hands it to its producer."""
    settings = Settings(prefix="")
    records: list[Record] = []

    async def send(record: Record) -> Awaitable[Receipt | None]:
        records.append(record)
        acknowledged: asyncio.Future[Receipt | None] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged

    outcomes = Outcomes(settings, corpus.MODEL, send, WorkerMetrics(corpus.MODEL, CollectorRegistry()))
    for result in corpus.RESULTS.values():
        await outcomes.inferred(result)
    for skip in corpus.SKIPS.values():
        await outcomes.skipped(skip)
    letters = {name: entry for name, entry in corpus.DEAD_LETTERS.items() if name not in corpus.RETIRED}
    for letter, value in letters.values():
        records.append(_dead(settings.names.dead_letters, letter, value))
    titles = [
        *(f"result: {name}" for name in corpus.RESULTS),
        *(f"skip: {name}" for name in corpus.SKIPS),
        *(f"dead letter: {name}" for name in letters),
    ]
    return [_entry(title, *record[:4]) for title, record in zip(titles, records, strict=True)]


def _dead(topic: str, letter: DeadLetter, value: bytes | None) -> Record:
    """A dead letter's record; of what is omitted there was too much."""
    if not letter.value_omitted:
        return dead_record(topic, letter, b"gate", value, limit=LIMIT)
    whole = replace(
        letter, value_omitted=False, headers_omitted=False, original=letter.original or (("x-large", TOO_LARGE),)
    )
    return dead_record(topic, whole, b"gate", TOO_LARGE, limit=LIMIT)


def _crops() -> Iterator[dict[str, Any]]:
    """What a worker writes of the crops of a frame, as it hands it to its producer."""
    for name, counts in corpus.CROP_COUNTS.items():
        yield _entry(f"crop counts: {name}", Names("").captures, counts.camera.encode(), counts.to_json(), [])


def _redrives() -> Iterator[dict[str, Any]]:
    """What the redriver writes beside the frame that it sends again."""
    for name, redrive in corpus.REDRIVES.items():
        yield _entry(f"redrive: {name}", Names("").redrives, redrive.origin.encode(), redrive.to_json(), [])


def _undelivered() -> Iterator[dict[str, Any]]:
    """What a sink sets aside."""
    for name, told in corpus.UNDELIVERED.items():
        key, value = told.result.frame.camera.encode(), told.result.to_json()
        yield _entry(f"undelivered: {name}", Names("").undelivered, key, value, told.headers())


def _marks() -> Iterator[dict[str, Any]]:
    for name, (position, _) in corpus.MARKS.items():
        yield {"name": f"commit: {name}", "offset": position.offset, "metadata": position.mark}


def _entry(name: str, topic: str, key: bytes | None, value: bytes | None, headers: Any) -> dict[str, Any]:
    pairs = [[header, _text(content)] for header, content in headers or ()]
    return {"name": name, "topic": topic, "key": _text(key), "headers": pairs, "value": _text(value)}


def _text(content: bytes | None) -> str | dict[str, str] | None:
    """Bytes as JSON can hold them: as text where they are text, else in hexadecimal digits."""
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"hex": content.hex()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
