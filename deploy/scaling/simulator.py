"""The simulation: a load, workers, a rule, tick by tick, to a timeline and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from deploy.scaling.autoscaler import SYNC_S, Activator, Autoscaler
from deploy.scaling.fleet import Fleet, Setup
from deploy.scaling.load import Load
from deploy.scaling.metrics import Observer
from deploy.scaling.rule import max_replicas
from deploy.scaling.rules import Rule
from deploy.scaling.timeline import Sample, Timeline
from deploy.scaling.triggers import together

TICK_S: Final = 0.25
_SAMPLE_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Replicas: those at the beginning, the fewest (`minReplicaCount`), and the most, but never above partitions."""

    first: int = 1
    least: int = 1
    most: int | None = None


def simulate(load: Load, rule: Rule, setup: Setup, limits: Limits = Limits(), *, sync_s: float = SYNC_S) -> Timeline:
    """Run `load` against workers that `rule` scales; one sample a second.

    Load, scrapes, polling and the autoscaler's sync begin together: a step at a multiple of `sync_s` waits longest.
    """
    return _Simulation(rule, setup, limits, sync_s=sync_s, rate=load.points[0][1]).run(load)


class _Simulation:
    def __init__(self, rule: Rule, setup: Setup, limits: Limits, *, sync_s: float, rate: float) -> None:
        self.rule = rule
        self.fleet = Fleet(setup, limits.first, TICK_S)
        self._observer = Observer(self.fleet, scrape_s=rule.scrape_s, range_s=rule.range_s, rate=rate)
        self._autoscaler = Autoscaler(
            rule.behaviour, least=max(1, limits.least), most=max_replicas(setup.partitions, limits.most)
        )
        self._activator = Activator(cooldown_s=rule.cooldown_s, least=limits.least)
        self._polling_ticks, self._sync_ticks = (max(1, round(every / TICK_S)) for every in (rule.polling_s, sync_s))

    def run(self, load: Load) -> Timeline:
        samples: list[Sample] = []
        oldest = 0.0
        for number, rate in enumerate(load.ticks(TICK_S), 1):
            now = number * TICK_S
            self.fleet.advance(now, rate)
            self._observer.look(now)
            self._scale(number, now)
            oldest = max(oldest, self.fleet.oldest_s(now))
            if number % _SAMPLE_TICKS == 0:
                samples.append(self._sample(now, rate, oldest))
                oldest = 0.0
        return Timeline(setup=self.fleet.setup, samples=tuple(samples))

    def _scale(self, number: int, now: float) -> None:
        replicas = self.fleet.replicas
        if number % self._polling_ticks == 0:
            view = self._observer.view(now)
            replicas = self._activator.decide(now, replicas, [one.active(view) for one in self.rule.triggers])
            self.fleet.scale(now, replicas)
        if number % self._sync_ticks == 0 and replicas:
            view = self._observer.view(now)
            self.fleet.scale(now, self._autoscaler.decide(now, replicas, together(self.rule.triggers, view)))

    def _sample(self, now: float, rate: float, oldest: float) -> Sample:
        fleet = self.fleet
        return Sample(
            t=now,
            arrival_fps=rate,
            lag=fleet.lag,
            replicas=fleet.replicas,
            ready=fleet.ready,
            oldest_s=oldest,
            arrived=fleet.arrived,
            inferred=fleet.inferred,
            skipped=fleet.skipped,
            waiting=fleet.waiting,
        )
