"""One turn of each way: a process of its own, from its start until its cameras have run for so many seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import psutil
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.local import process
from deploy.local.environment import CAPTURE_ENVIRONMENT, inherited
from deploy.local.stack import services
from deploy.services import CAPTURE
from producers.control import put_camera
from schemas.catalogue import Model
from schemas.messages import Camera, CameraState, CaptureCounts, decode_capture
from schemas.settings import Settings
from tests.benchmarks.cameras.stages import STAGES
from tests.benchmarks.ways.measured import Turn
from tests.benchmarks.ways.worker import cpu_seconds
from tests.integration.capture_world import read_statuses, read_topic
from tests.integration.streaming_kit import wait_until

ROOT: Final = Path(__file__).parents[3]
START_S: Final = 90.0
SETTLE_S: Final = 3.0
"""From when the last camera streams until a turn begins."""
_STOP_S: Final = 30.0
_LOOK_S: Final = 0.5
_PUT_AT_ONCE: Final = 8
_WATCHED: Final = (
    "from tests.benchmarks.cameras.stages import watch; watch({!r}); from deploy.cli.root import main; main()"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A turn, and what else there is to say: what its cameras took in MiB, the seconds until all of them streamed, and
    what capture says of the turn's frames: the plain way says nothing."""

    turn: Turn
    memory_mib: float
    started_s: float
    captured: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Cameras, all at one rate, and the topics that they write to."""

    name: str
    settings: Settings
    model: Model
    cameras: tuple[Camera, ...]

    @property
    def fps(self) -> float:
        """Frames a second of all cameras together."""
        return sum(camera.fps or 0.0 for camera in self.cameras)

    def put(self) -> None:
        """Write the cameras to their topic."""
        with ThreadPoolExecutor(_PUT_AT_ONCE) as pool:
            list(pool.map(partial(put_camera, self.settings), self.cameras))

    def frames(self) -> int:
        """How many frames the log has got."""
        topic = self.settings.names.frames(self.model.name)
        wanted = {TopicPartition(topic, number): OffsetSpec.latest() for number in range(self.model.partitions)}
        found = _admin(self.settings.bootstrap_servers).list_offsets(wanted)
        return sum(future.result(10).offset for future in found.values())


def ours(load: Load, broker: psutil.Process, log: Path, *, seconds: float) -> Ran:
    """Capture as `framebus up` starts it; its cameras come from their topic."""
    with _capture(load.settings, log, ()) as running:
        _assigned(log)
        before = _unique_mib(running)
        begun = time.monotonic()
        wait_until(lambda: _stream(load), deadline_s=START_S, what=f"{len(load.cameras)} cameras that stream")
        started = time.monotonic() - begun
        since = time.time() + SETTLE_S
        turn = _measured(load, running, broker, seconds)
        memory = _unique_mib(running) - before
    captured, dropped = _counted(load.settings, since, since + seconds)
    return Ran(turn, memory, started, captured, dropped)


def plain(load: Load, broker: psutil.Process, *, seconds: float) -> Ran:
    """A thread a camera, and nothing else."""
    width, topic = str(load.model.frame_width), load.settings.names.frames(load.model.name)
    command = [sys.executable, "-m", "tests.benchmarks.cameras.plain", load.settings.bootstrap_servers, topic, width]
    environ = {**inherited(), **CAPTURE_ENVIRONMENT}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        try:
            assert started.stdin
            assert started.stdout
            assert started.stdout.readline() == "ready\n"
            running = psutil.Process(started.pid)
            before, first, begun = _unique_mib(running), load.frames(), time.monotonic()
            started.stdin.write(json.dumps([camera.model_dump(mode="json") for camera in load.cameras]) + "\n")
            started.stdin.flush()
            flowing = first + len(load.cameras)
            wait_until(lambda: load.frames() >= flowing, deadline_s=START_S, what="frames of the plain loop")
            took = time.monotonic() - begun
            turn = _measured(load, running, broker, seconds)
            memory = _unique_mib(running) - before
            started.stdin.close()
            assert started.wait(_STOP_S) == 0
        finally:
            started.kill()
    return Ran(turn, memory, took)


def stages(load: Load, log: Path, file: Path, *, seconds: float) -> dict[str, float]:
    """CPU milliseconds a frame of each of our stages, in a run of its own with a stopwatch on each."""
    with _capture(load.settings, log, ("-c", _WATCHED.format(str(file)))):
        wait_until(lambda: _stream(load), deadline_s=START_S, what=f"{len(load.cameras)} cameras that stream")
        time.sleep(seconds)
    found = json.loads(file.read_text())
    return {stage: 1000 * found[stage] / found["frames"] for stage in STAGES}


@lru_cache
def _admin(servers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": servers, "log_level": 0})


@contextmanager
def _capture(settings: Settings, log: Path, instead: Sequence[str]) -> Iterator[psutil.Process]:
    """The service while the block runs; `instead` takes the place of `-m deploy.cli` in its command."""
    service = next(one for one in services(settings, []) if one.name == CAPTURE)
    command = [*service.command]
    if instead:
        begin = command.index("-m")
        command[begin : begin + 2] = instead
    environ = {**inherited(), **service.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as output:
        started = process.start(command, output=output.fileno(), environ=environ)
    try:
        yield psutil.Process(started.pid)
    finally:
        in_order = process.stop(started, deadline_s=_STOP_S)
    assert in_order and started.returncode == 0, f"capture ended with code {started.returncode}: {_tail(log)}"


def _assigned(log: Path) -> None:
    """Wait until the service has its group's word on which cameras it runs."""
    wait_until(lambda: "cameras assigned" in log.read_text(), deadline_s=START_S, what="partitions of `cameras`")


def _stream(load: Load) -> bool:
    time.sleep(_LOOK_S)  # a look costs CPU that the cameras need
    statuses = read_statuses(load.settings).values()
    return sum(status is not None and status.state is CameraState.STREAMING for status in statuses) == len(load.cameras)


def _measured(load: Load, running: psutil.Process, broker: psutil.Process, seconds: float) -> Turn:
    time.sleep(SETTLE_S)
    marks: Callable[[], tuple[float, ...]] = lambda: (  # noqa: E731
        load.frames(),
        time.perf_counter(),
        cpu_seconds(running),
        cpu_seconds(broker),
    )
    before = marks()
    time.sleep(seconds)
    frames, elapsed, cpu, server = (after - first for first, after in zip(before, marks(), strict=True))
    return Turn(round(frames), elapsed, cpu, server_cpu_s=server)


def _counted(settings: Settings, since: float, until: float) -> tuple[int, int]:
    """Frames that capture says were captured, and those that it dropped or gave up, between two times of the epoch."""
    captured = dropped = 0
    for record in read_topic(settings, settings.names.captures):
        message = decode_capture(record.value())
        if isinstance(message, CaptureCounts) and since < message.time.timestamp() <= until:
            captured += message.captured
            dropped += sum(message.dropped.values()) + message.failed
    return captured, dropped


def _unique_mib(running: psutil.Process) -> float:
    return float(running.memory_full_info().uss) / 2**20


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:]
