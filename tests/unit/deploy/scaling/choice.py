"""What each number of the chart's rule buys: one at a time is another one, on steps and on arrivals that vary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from deploy.scaling.autoscaler import Policy, PolicyType, Rules
from deploy.scaling.fleet import Setup
from deploy.scaling.load import Load, step
from deploy.scaling.rule import replicas_for
from deploy.scaling.rules import CHART, Parameters, Rule, RuleName
from deploy.scaling.simulator import Limits, simulate
from deploy.scaling.timeline import Timeline

MU: Final = 10.0
WORKERS: Final = Setup(fps=MU, partitions=24)
_PHASES: Final = (2, 9)
_SHARES: Final = (0.6, 0.8)
_AFTER_S: Final = 300.0
HEADING: Final = (
    "| | most above the rule | replica-seconds, of the rule's | recovery s | frames skipped "
    "| from none: above | eightfold: recovery s | eightfold: above | varied: changes/h |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def _up(period_s: float, pods: int | None) -> Rules:
    more = () if pods is None else (Policy(PolicyType.PODS, pods, period_s),)
    return Rules(0, (Policy(PolicyType.PERCENT, 100, period_s), *more))


def _variants() -> Iterator[tuple[str, Parameters]]:
    usual = Parameters()
    yield "**as the chart has it**", usual
    for seconds in (1.0, 1.5, 3.0, 4.0):
        yield f"target lag {seconds:g} s", replace(usual, target_lag_s=seconds)
    for share in (0.7, 0.9):
        yield f"utilisation {share}", replace(usual, utilisation=share)
    for length, scrape in ((15.0, 5.0), (60.0, 15.0)):
        yield f"rate over {length:g} s, scraped each {scrape:g} s", replace(usual, range_s=length, scrape_s=scrape)
    ups = {
        "up 100 % or 4 pods in 15 s (the default)": _up(15, 4),
        "up 100 % in 15 s": _up(15, None),
        "up 100 % or 2 pods in 30 s": _up(30, 2),
    }
    for name, up in ups.items():
        yield name, replace(usual, behaviour=replace(CHART, up=up))
    for window in (60.0, 120.0, 300.0):
        yield (
            f"down after {window:g} s",
            replace(usual, behaviour=replace(CHART, down=replace(CHART.down, window_s=window))),
        )


def table() -> str:
    """The table as Markdown."""
    return "\n".join([HEADING, *(_row(name, given) for name, given in _variants())])


def _row(name: str, given: Parameters) -> str:
    rule = Rule.of(RuleName.LAG_RATE, WORKERS, given)
    above, cost, recovery, skipped, cold = 0, 0.0, 0.0, 0.0, 0
    cases = [(120.0 + phase, share) for phase in _PHASES for share in _SHARES]
    for at, share in cases:
        needed = replicas_for(2.5 * share * MU, MU)
        timeline = _stepped(rule, share * MU, 2.5 * share * MU, at, Limits())
        after = [one.replicas for one in timeline.samples if one.t > at]
        above = max(above, max(after) - needed)
        cost += sum(after) / (needed * len(after))
        recovery += timeline.figures().recovery_s
        skipped += timeline.samples[-1].skipped
        from_none = _stepped(rule, 0, 2.5 * share * MU, at, Limits(first=0, least=0))
        cold = max(cold, max(one.replicas for one in from_none.samples) - needed)
    eightfold = _stepped(rule, 0.8 * MU, 6.4 * MU, 120, Limits())
    most = max(one.replicas for one in eightfold.samples) - replicas_for(6.4 * MU, MU)
    varied = simulate(_varied(), rule, WORKERS, Limits(first=4)).figures()
    count = len(cases)
    return (
        f"| {name} | {above} | {cost / count:.2f} | {recovery / count:.0f} | {skipped / count:.0f} "
        f"| {cold} | {eightfold.figures().recovery_s:.0f} | {most} | {varied.changes_per_hour:.0f} |"
    )


def _stepped(rule: Rule, low: float, high: float, at: float, limits: Limits) -> Timeline:
    return simulate(step(low, high, at, duration_s=at + _AFTER_S), rule, WORKERS, limits)


def _varied() -> Load:
    """Twenty percent above and below three times a replica's pace, two minutes each."""
    points: list[tuple[float, float]] = []
    for number in range(12):
        rate = MU * (3.6 if number % 2 else 2.4)
        points += [(120.0 * number, rate), (120.0 * (number + 1), rate)]
    return Load("varied", tuple(points))


if __name__ == "__main__":
    print(table())  # noqa: T201
