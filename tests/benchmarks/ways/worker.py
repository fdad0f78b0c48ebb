"""The worker as `framebus up` starts it, draining a backlog of frames from a real broker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Final

import psutil
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.local import process
from deploy.local.environment import inherited
from deploy.local.stack import services
from schemas.catalogue import Model
from schemas.messages import Result
from schemas.settings import Settings
from tests.benchmarks.ways.measured import Turn
from tests.benchmarks.ways.pictures import size_of
from tests.integration.streaming_kit import info, wait_until

START_S: Final = 60.0
WARM_FRAMES: Final = 100
"""So many results are waited for before a turn begins: the start is no part of it."""
_STOP_S: Final = 20.0


def catalogue_file(model: Model, folder: Path) -> Path:
    """A user's catalogue in which `model` takes the place of the built-in one of its name."""
    file = folder / "models.yaml"
    entry = model.model_dump(mode="json", exclude_none=True)
    file.write_text(json.dumps({"models": [{**entry, "replaces": True}]}))  # JSON is YAML, too
    return file


class Backlog:
    """The topics of one model: frames that wait, and results."""

    def __init__(self, settings: Settings, model: Model) -> None:
        self._settings = settings
        self._model = model
        self._frames = settings.names.frames(model.name)
        self._results = settings.names.results(model.name)
        self._admin = AdminClient(settings.librdkafka())
        self._put = 0

    def fill(self, jpegs: Sequence[bytes], count: int) -> None:
        """Append frames of one size, round robin over all partitions, until `count` of them wait."""
        width, height = size_of(jpegs[0])
        producer = Producer({**self._settings.librdkafka(), "queue.buffering.max.kbytes": 512 * 1024})
        for number in range(self._put, count + sum(self.ends().values())):
            headers = replace(info(number, model=self._model.name), width=width, height=height).encode()
            partition = number % self._model.partitions
            producer.produce(self._frames, jpegs[number % len(jpegs)], b"gate", partition, headers=headers)
            self._put = number + 1
        assert producer.flush(60) == 0

    @property
    def waiting(self) -> int:
        """Frames without a result."""
        return self._put - sum(self.ends().values())

    def ends(self) -> dict[int, int]:
        """One above the last result, by partition."""
        wanted = {
            TopicPartition(self._results, number): OffsetSpec.latest() for number in range(self._model.partitions)
        }
        found = self._admin.list_offsets(wanted)
        return {place.partition: future.result(10).offset for place, future in found.items()}

    def results(self, since: Mapping[int, int]) -> list[tuple[float, Result]]:
        """The results from the offsets `since` on, with the broker's time in seconds since the epoch."""
        reader = Consumer({**self._settings.librdkafka(), "group.id": "unused", "enable.auto.commit": False})
        reader.assign([TopicPartition(self._results, number, offset) for number, offset in since.items()])
        wanted = sum(self.ends().values()) - sum(since.values())
        found: list[tuple[float, Result]] = []
        while len(found) < wanted:
            messages = reader.consume(min(1000, wanted - len(found)), timeout=10.0)
            assert messages, f"topic {self._results}: {len(found)} results; expected {wanted}"
            found += [(message.timestamp()[1] / 1000, Result.from_json(message.value())) for message in messages]
        reader.close()
        return found


@dataclass(frozen=True, slots=True)
class Drained:
    """A worker's turn, and what else there is to say of its process: seconds from its start to the first result, and
    memory in MiB, in all and its own (what is not shared with others)."""

    turn: Turn
    first_result_s: float
    resident_mib: float
    unique_mib: float
    results: list[Result]


@contextmanager
def worker(settings: Settings, model: Model, log: Path, *, tweak: str = "") -> Iterator[tuple[float, psutil.Process]]:
    """A worker process as `framebus up` starts it, while the block runs; it leaves its group in order.

    `tweak` is Python that changes a setting which is none for users, before the worker begins.
    """
    service = services(settings, [model.name])[0]
    command = [*service.command]
    if tweak:
        begin = command.index("-m")
        command[begin : begin + 2] = ["-c", f"{tweak}\nfrom deploy.cli.root import main\nmain()"]
    with log.open("ab") as output:
        begun = time.time()
        started = process.start(command, output=output.fileno(), environ={**inherited(), **service.environ})
    try:
        yield begun, psutil.Process(started.pid)
    finally:
        in_order = process.stop(started, deadline_s=_STOP_S)
    assert in_order and started.returncode == 0, f"the worker ended with code {started.returncode}: {_tail(log)}"


def drain(
    settings: Settings, model: Model, backlog: Backlog, broker: psutil.Process, log: Path, *, seconds: float
) -> Drained:
    """Start a worker on the backlog, and measure it for so long from when its results flow."""
    before = backlog.ends()
    started_with = sum(before.values())
    with worker(settings, model, log) as (begun, running):

        def flows() -> bool:
            assert running.status() != psutil.STATUS_ZOMBIE, f"the worker has ended: {_tail(log)}"
            return sum(backlog.ends().values()) >= started_with + WARM_FRAMES

        wait_until(flows, deadline_s=START_S, what=f"{WARM_FRAMES} results of a worker")
        marks = [_mark(backlog, running, broker)]
        time.sleep(seconds)
        marks.append(_mark(backlog, running, broker))
        memory = running.memory_full_info()
        assert backlog.waiting > 0, "the worker has emptied its backlog; expected frames that wait until the turn ends"
    results = backlog.results(before)
    frames, elapsed, cpu, server = (after - first for first, after in zip(*marks, strict=True))
    return Drained(
        Turn(ceil(frames), elapsed, cpu, server_cpu_s=server),
        min(at for at, _ in results) - begun,
        memory.rss / 2**20,
        memory.uss / 2**20,
        [result for _, result in results],
    )


def _mark(backlog: Backlog, running: psutil.Process, broker: psutil.Process) -> tuple[float, float, float, float]:
    """Results, time, and the CPU seconds of the worker and of the broker."""
    return sum(backlog.ends().values()), time.perf_counter(), cpu_seconds(running), cpu_seconds(broker)


def cpu_seconds(running: psutil.Process) -> float:
    """The CPU seconds that a process has used."""
    times = running.cpu_times()
    return float(times.user + times.system)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:]
