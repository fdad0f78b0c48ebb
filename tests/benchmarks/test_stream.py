"""A thousand clients of one coalesced stream of 50 results a second: from the broker's append to each client.

`make bench BENCH=stream` prints a table and writes build/bench/stream.json. The broker, the API, the writer and the
clients share the machine's processors, so what a client takes is missing elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil
import pytest
from confluent_kafka import Producer

from deploy import topics
from deploy.local.environment import environment_of
from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress
from schemas.settings import Settings
from tests.integration.api_replica import STREAM, Replica
from tests.integration.api_world import MODEL, free_port, make_result, wait_for

CLIENTS: Final = int(os.environ.get("STREAM_CLIENTS", "1000"))
PLAIN_CLIENTS: Final = 100
"""Of the plain stream, which cannot serve many more."""
PER_SECOND: Final = 50
TURN_S: Final = 15.0
HISTORY: Final = 20_000
P99_MS: Final = 250.0
LIMIT_BYTES: Final = 400 * 1000 * 1000
REPORT: Final = Path("build/bench/stream.json")
FOUR: Final = [Detection(label="person", score=0.75, box=(10.5, 20.5, 110.5, 220.5))] * 4


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn was like; milliseconds, microseconds of the server's processor time, and bytes."""

    name: str
    clients: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    us_per_result: float
    server_cpu: float
    clients_cpu: float
    peak_bytes: int


class Writer:
    """Writes results at a steady pace, and knows when the broker had appended each."""

    def __init__(self, settings: Settings) -> None:
        self.appended: dict[str, float] = {}
        self._topic = settings.names.results(MODEL)
        self._producer = Producer({**settings.librdkafka(), "linger.ms": 0, "log_level": 2})
        self._number = 0

    def one(self) -> None:
        address = FrameAddress(MODEL, self._number % 12, self._number)
        self._number += 1

        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            self.appended[str(address)] = message.timestamp()[1] / 1000

        result = make_result(f"camera-{address.partition}", address, *FOUR)
        self._producer.produce(
            self._topic, result.to_json(), partition=address.partition, headers=result.headers(), on_delivery=delivered
        )
        self._producer.poll(0)

    def fill(self, count: int) -> None:
        for _ in range(count):
            self.one()
        assert self._producer.flush(60) == 0

    def pace(self, seconds: float) -> None:
        begun = time.monotonic()
        for number in range(int(seconds * PER_SECOND)):
            self.one()
            while (ahead := begun + (number + 1) / PER_SECOND - time.monotonic()) > 0:
                self._producer.poll(min(ahead, 0.005))
        assert self._producer.flush(30) == 0


def measure(name: str, writer: Writer, url: str, server: psutil.Process, clients: int) -> Turn:
    """One turn: every client gets every result that is written, once."""
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.stream_load", url, str(clients), str(TURN_S + 4)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdout
    assert load.stdout.readline() == "ready\n"
    time.sleep(1.0)  # what connecting has cost is no part of it
    writer.appended.clear()
    before = server.cpu_times()
    writer.pace(TURN_S)
    after = server.cpu_times()
    said = json.loads(load.communicate(timeout=120)[0])
    arrivals = said["arrivals"]
    assert all(len(arrivals[address]) == clients for address in writer.appended)
    took = np.concatenate([np.array(arrivals[address]) - at for address, at in writer.appended.items()]) * 1000
    cpu = after.user + after.system - before.user - before.system
    status = Path(f"/proc/{server.pid}/status").read_text()
    turn = Turn(
        name,
        clients,
        p50_ms=float(np.percentile(took, 50)),
        p99_ms=float(np.percentile(took, 99)),
        worst_ms=float(took.max()),
        us_per_result=cpu / len(took) * 1e6,
        server_cpu=cpu / TURN_S,
        clients_cpu=said["cpu_s"] / (TURN_S + 4),
        peak_bytes=1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")),
    )
    print(  # noqa: T201
        f"{turn.name:20} {turn.clients:5} clients  p50 {turn.p50_ms:6.1f}  p99 {turn.p99_ms:6.1f}  worst "
        f"{turn.worst_ms:7.1f}  {turn.us_per_result:6.1f} us a result  server {turn.server_cpu:4.2f} cores  "
        f"clients {turn.clients_cpu:4.2f}  peak {turn.peak_bytes / 1e6:.0f} MB"
    )
    return turn


@contextmanager
def resuming(url: str, last: str) -> Iterator[list[int]]:
    """A client that reads a long history again and again, meanwhile; how much it got each time."""
    stopping = threading.Event()
    counts: list[int] = []

    def read() -> None:
        with httpx.Client(timeout=60) as client:
            while not stopping.is_set():
                with client.stream("GET", url, headers={"last-event-id": last}) as response:
                    got = 0
                    for line in response.iter_lines():
                        got += line == "event: result"
                        if got >= HISTORY or stopping.is_set():
                            break
                counts.append(got)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield counts
    finally:
        stopping.set()
        thread.join(60)


@contextmanager
def plain_server(settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """The stream as FastAPI's documentation has it."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.stream_plain", str(port)]
    running = subprocess.Popen(command, env={**os.environ, **environment_of(settings)})
    try:

        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/openapi.json").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, seconds=30)
        yield f"http://127.0.0.1:{port}/stream", psutil.Process(running.pid)
    finally:
        running.kill()
        running.wait()


@pytest.mark.timeout(400)
def test_a_thousand_clients(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = settings.model_copy(update={"prefix": f"{settings.prefix}many.", "api_stream_clients": CLIENTS + 8})
    topics.apply(fresh, Catalogue())
    writer = Writer(fresh)
    turns = []
    with ExitStack() as stack:
        stack.enter_context(capsys.disabled())
        print(f"\n{PER_SECOND} results a second, {TURN_S:.0f} s a turn; appended to received, ms")  # noqa: T201
        stack.callback(topics.delete, fresh, Catalogue())
        replica = Replica(fresh)
        stack.callback(replica.kill)
        replica.wait()
        process = psutil.Process(replica.running.pid)
        url = f"{replica.url}{STREAM}"
        with httpx.stream("GET", url) as response:
            last = next(line for line in response.iter_lines() if line.startswith("id: ")).removeprefix("id: ")
        coalesced = f"{url}?coalesce_ms=100"
        turns.append(measure("coalesced", writer, coalesced, process, CLIENTS))
        writer.fill(HISTORY)
        with resuming(url, last) as counts:
            turns.append(measure("and one resumes", writer, coalesced, process, CLIENTS))
        turns.append(measure("coalesced, a tenth", writer, coalesced, process, PLAIN_CLIENTS))
        replica.kill()
        plain_url, plain = stack.enter_context(plain_server(fresh))
        turns.append(measure("FastAPI's, plain", writer, plain_url, plain, PLAIN_CLIENTS))
    live, resumed, tenth, plainly = turns
    figures = {
        "turns": [{name: getattr(turn, name) for name in Turn.__dataclass_fields__} for turn in turns],
        "resumed_results": sum(counts),
        "ratio": plainly.us_per_result / live.us_per_result,
        "ratio_same_clients": plainly.us_per_result / tenth.us_per_result,
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(figures, indent=1) + "\n")
    with capsys.disabled():
        print(  # noqa: T201
            f"resumed meanwhile: {sum(counts)} results; plain costs {figures['ratio_same_clients']:.1f} times as much "
            f"a result with as many clients, {figures['ratio']:.1f} times as much as with {CLIENTS}"
        )
    assert live.p99_ms <= P99_MS
    assert resumed.p99_ms <= P99_MS
    assert max(live.peak_bytes, resumed.peak_bytes) < LIMIT_BYTES
