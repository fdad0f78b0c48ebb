"""What arrives: frames a second over time, as lines between points; steps, ramps, bursts and days are made here."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from schemas.errors import TraceError

LONGEST_S: Final = 7 * 86_400.0
"""A week: what a simulation may take, at most."""
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """Arrivals as points of (seconds, frames a second), straight between them; two points at one time are a step.

    `replicas` is how many there were, as (seconds, replicas), where the arrivals are a recorded run's.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    replicas: tuple[tuple[float, float], ...] = ()

    @property
    def duration_s(self) -> float:
        return self.points[-1][0]

    def ticks(self, tick_s: float) -> list[float]:
        """Frames a second in the middle of each `tick_s` from 0 to the end."""
        rates: list[float] = []
        segment = 0
        for number in range(round(self.duration_s / tick_s)):
            at = (number + 0.5) * tick_s
            while self.points[segment + 1][0] < at:
                segment += 1
            (begin, low), (end, high) = self.points[segment], self.points[segment + 1]
            rates.append(low + (high - low) * (at - begin) / (end - begin))
        return rates


def constant(rate: float, *, duration_s: float) -> Load:
    """Always `rate`."""
    return Load("constant", ((0, rate), (duration_s, rate)))


def step(low: float, high: float, at: float, *, duration_s: float, back_at: float | None = None) -> Load:
    """From `low` to `high` at once, and back at `back_at`."""
    back = () if back_at is None else ((back_at, high), (back_at, low))
    last = low if back else high
    return Load("step", ((0, low), (at, low), (at, high), *back, (duration_s, last)))


def ramp(low: float, high: float, at: float, *, over_s: float, duration_s: float) -> Load:
    """From `low` to `high` evenly in `over_s`, as long at `high`, and down again as slowly."""
    up, down = at + over_s, at + 2 * over_s
    return Load("ramp", ((0, low), (at, low), (up, high), (down, high), (down + over_s, low), (duration_s, low)))


def bursts(low: float, high: float, at: float, *, length_s: float, every_s: float, duration_s: float) -> Load:
    """`high` for `length_s`, again and again `every_s` seconds from `at` on, and `low` between.

    Raises:
        TraceError: They are shorter than a second, or run into one another.
    """
    if not 1 <= length_s < every_s:
        raise TraceError(f"bursts of {length_s:g} s each {every_s:g} s: expected 1 <= length < distance")
    points: list[tuple[float, float]] = [(0, low)]
    while at + length_s < duration_s:
        points += [(at, low), (at, high), (at + length_s, high), (at + length_s, low)]
        at += every_s
    return Load("bursts", (*points, (duration_s, low)))


def day(low: float, high: float, *, duration_s: float) -> Load:
    """`low` at both ends, `high` in the middle, as a cosine: a day, in whatever time."""
    count = max(2, round(duration_s / _MINUTE_S))
    times = [duration_s * number / count for number in range(count + 1)]
    middle, half = (low + high) / 2, (high - low) / 2
    return Load("day", tuple((at, middle - half * math.cos(2 * math.pi * at / duration_s)) for at in times))


def read_trace(text: str, *, name: str) -> Load:
    """Read a recorded trace.

    It is CSV of `seconds,frames a second` a line, with a heading or without, or JSON: a list of such pairs, or an
    object whose `samples` have `t` and `arrival_fps`, and may have `replicas`, as `framebus simulate --json` writes.

    Raises:
        TraceError: It is neither, its times do not rise, or it is longer than a week.
    """
    pairs, replicas = _from_json(text, name) if text.lstrip()[:1] in ("[", "{") else (_from_csv(text, name), [])
    if len(pairs) < 2:
        raise TraceError(f"trace {name}: {len(pairs)} points; expected two at least")
    start = pairs[0][0]
    for (before, _), (after, _) in pairwise(pairs):
        if not after > before:
            raise TraceError(f"trace {name}: {after} s after {before} s; expected times that rise")
    for at, rate in pairs:
        if not (math.isfinite(at) and 0 <= rate < math.inf):
            raise TraceError(f"trace {name}: {rate} frames a second at {at} s; expected a number from 0 on")
    if pairs[-1][0] - start > LONGEST_S:
        raise TraceError(f"trace {name}: {pairs[-1][0] - start:g} s long; expected a week at most")
    return Load(name, *(tuple((at - start, value) for at, value in column) for column in (pairs, replicas)))


def _from_csv(text: str, name: str) -> list[tuple[float, float]]:
    lines = [line.strip() for line in text.splitlines()]
    rows = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    pairs: list[tuple[float, float]] = []
    for place, (number, line) in enumerate(rows):
        try:
            at, rate = (float(cell) for cell in line.split(","))
        except ValueError:
            if place == 0:
                continue  # the heading
            raise TraceError(f"trace {name}, line {number}: {line[:80]!r}; expected SECONDS,FRAMES_A_SECOND") from None
        pairs.append((at, rate))
    return pairs


def _from_json(text: str, name: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    try:
        document = json.loads(text)
        if isinstance(document, dict):
            samples = [(float(one["t"]), one) for one in document["samples"]]
            replicas = [(at, float(one["replicas"])) for at, one in samples if "replicas" in one]
            return [(at, float(one["arrival_fps"])) for at, one in samples], replicas
        return [(float(at), float(rate)) for at, rate in document], []
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TraceError(
            f"trace {name}: {type(error).__name__} {error}; expected [[SECONDS, FRAMES_A_SECOND], …] "
            'or {"samples": [{"t": …, "arrival_fps": …}, …]}'
        ) from None
