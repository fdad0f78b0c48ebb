"""What an autoscaler sees of the fleet: counters by way of Prometheus' scrapes, CPU by way of the metrics server."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from deploy.scaling.fleet import Fleet, Worker

CPU_WINDOW_S: Final = 15.0
"""The metrics server's resolution (`--metric-resolution`)."""


class Counter:
    """One counter as Prometheus has it: the samples of the last `range_s`, and PromQL's `rate` over them."""

    def __init__(self, range_s: float) -> None:
        self._range_s = range_s
        self._samples: deque[tuple[float, float]] = deque()

    def scrape(self, now: float, value: float) -> None:
        self._samples.append((now, value))
        while self._samples[0][0] < now - 2 * self._range_s:
            self._samples.popleft()

    def rate(self, now: float) -> float | None:
        """`rate(counter[range])`; None with fewer than two samples in the range.

        As `extrapolatedRate` in Prometheus' `promql/functions.go`: what lies between the samples and the ends of the
        range is taken as going on evenly, up to 1.1 times the usual distance of two samples, and not below zero.
        """
        samples = [one for one in self._samples if now - self._range_s < one[0] <= now]
        if len(samples) < 2:
            return None
        (begin, low), (end, high) = samples[0], samples[-1]
        sampled, increase = end - begin, high - low
        distance = sampled / (len(samples) - 1)
        before, after = begin - (now - self._range_s), now - end
        before = distance / 2 if before >= 1.1 * distance else before
        if increase > 0 and low >= 0:
            before = min(before, sampled * low / increase)
        after = distance / 2 if after >= 1.1 * distance else after
        return increase * (sampled + before + after) / sampled / self._range_s


@dataclass(frozen=True, slots=True)
class Cpu:
    """The last window of the metrics server: the use (0 to 1) of each worker that was ready all of it, by identity."""

    uses: dict[int, float]

    @classmethod
    def none(cls) -> Cpu:
        return cls({})


class MetricsServer:
    """Measures each worker's busy share from one visit to the next."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[Worker, float]] = {}
        self._at = 0.0

    def visit(self, now: float, workers: Iterable[Worker]) -> Cpu:
        span = now - self._at
        uses = {
            key: (worker.busy_s - busy) / span for key, (worker, busy) in self._before.items() if worker.gone_at is None
        }
        self._at = now
        self._before = {id(worker): (worker, worker.busy_s) for worker in workers if worker.joined is not None}
        return Cpu(uses)


@dataclass(frozen=True, slots=True)
class View:
    """What triggers may look at in one moment; rates are in frames a second, None where Prometheus has no answer."""

    lag: int
    arriving: float | None
    inferring: float | None
    skipping: float | None
    uses: tuple[float, ...]
    replicas: int
    ready: int


class Observer:
    """Scrapes on time, and gives the view of a moment."""

    def __init__(self, fleet: Fleet, *, scrape_s: float, range_s: float, rate: float) -> None:
        """Begin where arrivals of `rate` frames a second have been seen for a while."""
        self._fleet = fleet
        self._scrape_s = scrape_s
        self._arrived, self._inferred, self._skipped = Counter(range_s), Counter(range_s), Counter(range_s)
        inferring = min(rate, fleet.setup.fps * fleet.ready)
        for number in range(int(range_s / scrape_s), 0, -1):
            before = -number * scrape_s
            self._scrape(before, arrived=rate * before, inferred=inferring * before, skipped=0.0)
        self._server = MetricsServer()
        self._cpu = Cpu.none()
        self._next_scrape = self._next_visit = 0.0

    def look(self, now: float) -> None:
        """Scrape and visit, if it is time."""
        if now >= self._next_scrape:
            self._next_scrape += self._scrape_s
            fleet = self._fleet
            self._scrape(now, arrived=fleet.arrived, inferred=fleet.inferred, skipped=fleet.skipped)
        if now >= self._next_visit:
            self._next_visit += CPU_WINDOW_S
            self._cpu = self._server.visit(now, self._fleet.workers)

    def _scrape(self, at: float, *, arrived: float, inferred: float, skipped: float) -> None:
        self._arrived.scrape(at, arrived)
        self._inferred.scrape(at, inferred)
        self._skipped.scrape(at, skipped)

    def view(self, now: float) -> View:
        fleet = self._fleet
        return View(
            lag=fleet.lag,
            arriving=self._arrived.rate(now),
            inferring=self._inferred.rate(now),
            skipping=self._skipped.rate(now),
            uses=tuple(self._cpu.uses.values()),
            replicas=fleet.replicas,
            ready=fleet.ready,
        )
