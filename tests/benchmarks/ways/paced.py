"""A worker that keeps up: frames from capture at an even rate, and how old each is when its result is in the log."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import psutil

from deploy.local.tally import quantile
from producers.sink import LINGER_MS
from schemas.catalogue import Model
from schemas.settings import Settings
from tests.benchmarks.ways.feed import feeding
from tests.benchmarks.ways.worker import START_S, Backlog, cpu_seconds, worker
from tests.integration.streaming_kit import wait_until

SETTLE_S: Final = 4.0
"""What was captured so soon after the first results does not count: capture is late while the worker starts beside it,
and then catches up."""
MEASURE_S: Final = 5.0
_FIRST: Final = 20


@dataclass(frozen=True, slots=True)
class Setting:
    """What differs from what is shipped: Python that the worker runs before it begins, or how long capture lingers."""

    name: str
    tweak: str = ""
    linger_ms: int = LINGER_MS


@dataclass(frozen=True, slots=True)
class Paced:
    """One run: milliseconds from capture to the result's append, and of CPU for each frame.

    `infer_p99_ms` is of the network alone, which waits for nothing but a processor: what it has above its usual time is
    the machine's, and not a setting's.
    """

    p50_ms: float
    p99_ms: float
    infer_p99_ms: float
    cpu_ms: float
    broker_cpu_ms: float

    @classmethod
    def median(cls, runs: Sequence[Self]) -> dict[str, float]:
        """Of each figure the median."""
        figures = [asdict(run) for run in runs]
        return {name: round(statistics.median(one[name] for one in figures), 2) for name in figures[0]}


@dataclass(frozen=True, slots=True)
class Pacer:
    """Runs workers on topics that nobody else uses."""

    settings: Settings
    model: Model
    pictures: Sequence[np.ndarray]
    broker: psutil.Process
    log: Path

    def run(self, setting: Setting, fps: float) -> Paced:
        """One worker, from its start until enough was measured."""
        backlog = Backlog(self.settings, self.model)
        before = backlog.ends()
        enough = sum(before.values()) + _FIRST
        with (
            worker(self.settings, self.model, self.log, tweak=setting.tweak) as (_, running),
            feeding(self.settings, self.model, self.pictures, fps, linger_ms=setting.linger_ms),
        ):
            wait_until(lambda: sum(backlog.ends().values()) >= enough, deadline_s=START_S, what="a worker's results")
            time.sleep(SETTLE_S)
            marks = [(time.time(), cpu_seconds(running), cpu_seconds(self.broker))]
            time.sleep(MEASURE_S)
            marks.append((time.time(), cpu_seconds(running), cpu_seconds(self.broker)))
            time.sleep(0.5)  # the last ones' results
        found = [
            (1000 * (appended_at - result.frame.captured_at.timestamp()), 1000 * result.stages.infer)
            for appended_at, result in backlog.results(before)
            if marks[0][0] <= result.frame.captured_at.timestamp() < marks[1][0]
        ]
        assert found, f"no results at {fps:.1f} fps; see {self.log}"
        ages, infer = zip(*found, strict=True)
        _, cpu, broker = (1000 * (after - first) / len(ages) for first, after in zip(*marks, strict=True))
        return Paced(_quantile(ages, 0.5), _quantile(ages, 0.99), _quantile(infer, 0.99), cpu, broker)


def _quantile(values: Sequence[float], share: float) -> float:
    return quantile(values, share) or 0.0
