"""How long results pause when a worker joins, leaves or is killed, beside their usual distance from each other.

`make bench` prints the medians and maxima, and writes build/bench/rebalance.json.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from processors.streaming.timing import Timing
from schemas.messages import address_from_headers
from schemas.settings import Settings
from tests.integration.streaming_kit import MODEL, Frames, WorkerProcess, info, jpeg, wait_until, workers

ROUNDS = 4
FPS = 80.0
"""Over four partitions: each has a frame every 50 ms."""
STEADY_S = 4.0
REPORT = Path("build/bench/rebalance.json")


@contextmanager
def steady_frames(settings: Settings) -> Iterator[None]:
    """Frames at an even rate while the block runs."""
    frames, value, ended = Frames(settings), jpeg(), threading.Event()

    def put() -> None:
        sent, began = 0, time.monotonic()
        while not ended.wait(max(began + sent / FPS - time.monotonic(), 0.0)):
            frames.put(value, info(sent).encode())
            sent += 1

    thread = threading.Thread(target=put)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        frames.flush()


def result_times(settings: Settings) -> dict[int, list[float]]:
    """When the broker got each result, in seconds since the epoch, by the partition of its frame."""
    reader = Consumer({**settings.librdkafka(), "group.id": "unused", "enable.auto.commit": False})
    topic = settings.names.results(MODEL)
    reader.assign([TopicPartition(topic, number, 0) for number in reader.list_topics(topic).topics[topic].partitions])
    times: dict[int, list[float]] = defaultdict(list)
    while messages := reader.consume(1000, timeout=2.0):
        for message in messages:
            times[address_from_headers(message.headers()).partition].append(message.timestamp()[1] / 1000)
    reader.close()
    return times


def longest_gap(times: list[float], begin: float, end: float) -> float:
    """The longest time without a result between two moments."""
    marks = [begin, *sorted(at for at in times if begin < at < end), end]
    return max(after - before for before, after in pairwise(marks))


@dataclass
class Gaps:
    """The longest gaps of one kind of event, each round's: of the whole group, and of its worst partition."""

    group: list[float] = field(default_factory=list)
    partition: list[float] = field(default_factory=list)

    def add(self, times: dict[int, list[float]], begin: float, end: float) -> None:
        self.group.append(longest_gap([at for found in times.values() for at in found], begin, end))
        self.partition.append(max(longest_gap(found, begin, end) for found in times.values()))

    def summary(self) -> dict[str, dict[str, float]]:
        return {
            name: {"p50": round(statistics.median(found), 2), "max": round(max(found), 2)}
            for name, found in (("group", self.group), ("partition", self.partition))
        }


class Rounds:
    """Lets workers come and go, and keeps when each event's window began and ended."""

    def __init__(self, start: Callable[..., WorkerProcess], slot: Path) -> None:
        self._slot = slot
        self.windows: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._start = start
        self._first = self._worker(slot)

    def run(self) -> None:
        steady = time.time()
        self._settle()
        self.windows["steady"].append((steady, time.time()))
        self._event("joins", self._join)
        self._event("leaves", self._leave)
        self._join()
        self._settle()
        self._event("killed", self._kill)
        self._event("only one killed and restarted", self._replace)

    def _event(self, name: str, happen: Callable[[], None]) -> None:
        began = time.time()
        happen()
        self._settle()
        self.windows[name].append((began, time.time()))

    def _worker(self, slot: Path | None = None) -> WorkerProcess:
        timing = Timing()
        place = {"slot": str(slot)} if slot else {}
        worker = self._start(session=timing.session, leash=900, delay=0.005, **place)
        worker.wait_assigned(90.0)
        return worker

    def _join(self) -> None:
        self._second = self._worker()

    def _leave(self) -> None:
        assert self._second.terminate() == 0, self._second.text

    def _kill(self) -> None:
        self._second.kill()
        again = len(self._first.text)
        wait_until(lambda: "partitions assigned" in self._first.text[again:], deadline_s=60, what="another assignment")

    def _replace(self) -> None:
        self._first.kill()
        self._first = self._worker(self._slot)

    @staticmethod
    def _settle() -> None:
        settled = time.monotonic() + STEADY_S
        wait_until(lambda: time.monotonic() > settled, deadline_s=2 * STEADY_S, what="results that flow again")


@pytest.mark.timeout(900)
def test_how_long_results_pause(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with workers(settings, tmp_path) as start:
        rounds = Rounds(start, tmp_path / "slot")
        with steady_frames(settings):
            for _ in range(ROUNDS):
                rounds.run()
    times = result_times(settings)
    gaps: dict[str, Gaps] = defaultdict(Gaps)
    for name, windows in rounds.windows.items():
        for begin, end in windows:
            gaps[name].add(times, begin, end)
    found = {name: measured.summary() for name, measured in gaps.items()}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=2) + "\n")
    with capsys.disabled():
        for name, summary in found.items():
            print(f"\n{name}: {summary}", end="")  # noqa: T201
        print()  # noqa: T201
    timing = Timing()
    for orderly in ("joins", "leaves"):
        assert found[orderly]["partition"]["max"] < timing.session / 2, "nobody waits for a session to end"
    assert found["killed"]["partition"]["max"] < 1.5 * timing.session, "nor for more than one"
