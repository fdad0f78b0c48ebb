"""What each service takes of the machine, looked at now and then and kept in a CSV file."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

import psutil

QUANTITIES = ("rss", "pss", "descriptors", "threads")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one process; `at` in seconds since the soak began, memory in bytes, `cpu` in seconds so far."""

    at: float
    service: str
    pid: int
    rss: int
    pss: int
    descriptors: int
    threads: int
    cpu: float


class Sampler:
    """Looks at the services that `pids` names and appends to `path`; knows which of them became another process."""

    def __init__(self, path: Path, pids: Callable[[], Mapping[str, int | None]]) -> None:
        self.samples: list[Sample] = []
        self._pids = pids
        self._began = time.monotonic()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", newline="")
        self._writer = csv.DictWriter(self._file, [field.name for field in fields(Sample)])
        self._writer.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def look(self) -> None:
        """Take one sample of each service that runs."""
        for service, pid in self._pids().items():
            if pid is None:
                continue
            try:
                sample = self._sample(service, psutil.Process(pid))
            except psutil.NoSuchProcess:
                continue  # it has just ended, and will be missed
            self.samples.append(sample)
            self._writer.writerow(asdict(sample))
        self._file.flush()

    def of(self, service: str, *, after: float = 0.0) -> list[Sample]:
        """The samples of one service from `after` seconds on."""
        return [sample for sample in self.samples if sample.service == service and sample.at >= after]

    def replaced(self) -> list[str]:
        """The services that were more than one process."""
        pids = defaultdict(set)
        for sample in self.samples:
            pids[sample.service].add(sample.pid)
        return sorted(service for service, found in pids.items() if len(found) > 1)

    def _sample(self, service: str, process: psutil.Process) -> Sample:
        with process.oneshot():
            memory = process.memory_full_info()
            times = process.cpu_times()
            return Sample(
                at=round(time.monotonic() - self._began, 1),
                service=service,
                pid=process.pid,
                rss=memory.rss,
                pss=memory.pss,
                descriptors=process.num_fds(),
                threads=process.num_threads(),
                cpu=times.user + times.system,
            )
