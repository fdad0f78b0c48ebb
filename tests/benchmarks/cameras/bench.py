"""Both ways on one load, turn by turn, and what came of it as a record, a table and a line."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.benchmarks.cameras.stages import STAGES
from tests.benchmarks.cameras.turns import Load, Ran
from tests.benchmarks.ways.measured import spread

STEPS: Final = (2.0, 3.0, 4.0, 6.0)
"""How many times the load is asked for next, as long as the one before was held."""
HELD: Final = 0.98
"""A load is held where so much of it comes to the log,"""
DROPPED: Final = 0.005
"""and no more than so much is dropped."""
CPU_FACTOR: Final = 1.1


@dataclass
class Bench:
    """What takes turns on one load, and what came of it."""

    load: Load
    turns: dict[str, Callable[[Load], Ran]]
    more: Callable[[float], Load]
    """So many times the load, of the same topics."""
    ran: dict[str, list[Ran]] = field(default_factory=lambda: {"ours": [], "plain": []})
    stage_ms: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)

    def round(self, number: int) -> None:
        ways = list(self.turns)
        for way in ways if number % 2 == 0 else reversed(ways):
            self.ran[way].append(self.turns[way](self.load))

    def climb(self) -> None:
        """The most frames a second, of those that were asked for, that each way holds."""
        climbing = [way for way, found in self.ran.items() if all(held(self.load, ran) for ran in found)]
        self.most = dict.fromkeys(self.turns, 0.0) | dict.fromkeys(climbing, self.load.fps)
        for step in STEPS:
            load = self.more(step)
            if climbing:
                load.put()
            climbing = [way for way in climbing if held(load, self.turns[way](load))]
            self.most |= dict.fromkeys(climbing, load.fps)

    def median(self, way: str, figure: Callable[[Ran], float]) -> float:
        return statistics.median(figure(ran) for ran in self.ran[way])

    def record(self) -> dict[str, Any]:
        cpu = {way: self.median(way, lambda ran: ran.turn.cpu_ms) for way in self.ran}
        count = len(self.load.cameras)
        return {
            "cameras": count,
            "asked_fps": self.load.fps,
            "fps": {way: round(self.median(way, lambda ran: ran.turn.fps), 1) for way in self.ran},
            "dropped": sum(ran.dropped for ran in self.ran["ours"]),
            "captured": sum(ran.captured for ran in self.ran["ours"]),
            "cpu_ms": {way: round(cost, 3) for way, cost in cpu.items()},
            "cpu_ms_spread": {way: spread([ran.turn.cpu_ms for ran in found], 3) for way, found in self.ran.items()},
            "cpu_ratio": round(cpu["ours"] / cpu["plain"], 3),
            "stage_ms": {
                **{stage: round(self.stage_ms[stage], 3) for stage in STAGES},
                "rest": round(cpu["ours"] - sum(self.stage_ms.values()), 3),
            },
            "broker_cpu_ms": {
                way: round(self.median(way, lambda ran: 1000 * (ran.turn.server_cpu_s or 0.0) / ran.turn.frames), 3)
                for way in self.ran
            },
            "camera_mib": {way: round(self.median(way, lambda ran: ran.memory_mib) / count, 2) for way in self.ran},
            "started_s": {way: round(self.median(way, lambda ran: ran.started_s), 1) for way in self.ran},
            "most_fps": self.most,
        }


def held(load: Load, ran: Ran) -> bool:
    """Whether what was asked for came to the log, and hardly anything was dropped."""
    return ran.turn.fps >= HELD * load.fps and ran.dropped <= DROPPED * max(1, ran.captured)


def misses(bench: Bench, record: dict[str, Any]) -> list[str]:
    """The bars that do not hold, each in a sentence."""
    missed, load = [], bench.load
    for ran in bench.ran["ours"]:
        if not held(bench.load, ran):
            came = f"{ran.turn.fps:.1f} fps of {load.fps:g}, {ran.dropped} of {ran.captured} dropped"
            missed.append(f"{load.name}: {came}; expected {HELD} of them, and {DROPPED:.1%} dropped at most")
    if record["cpu_ratio"] > CPU_FACTOR:
        missed.append(
            f"{load.name}: CPU a frame {record['cpu_ratio']} of the plain loop's; expected at most {CPU_FACTOR}"
        )
    return missed


def table(record: dict[str, Any]) -> str:
    """As Markdown, a line a load and way."""
    lines = [
        "| cameras | way | fps | most fps held | CPU ms a frame | least – most | broker's | MiB a camera | start, s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in record.items():
        for way in one["fps"]:
            least, most = one["cpu_ms_spread"][way]
            lines.append(
                f"| {one['cameras']} {name} | {way} | {one['fps'][way]} | {one['most_fps'][way]:g} "
                f"| {one['cpu_ms'][way]} | {least} – {most} | {one['broker_cpu_ms'][way]} "
                f"| {one['camera_mib'][way]} | {one['started_s'][way]} |"
            )
    lines += ["", f"| cameras | {' | '.join((*STAGES, 'rest'))} |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [f"| {name} | {' | '.join(map(str, one['stage_ms'].values()))} |" for name, one in record.items()]
    return "\n".join(lines)


def summary(name: str, one: dict[str, Any]) -> str:
    stage_ms = " ".join(f"{stage}={cost}" for stage, cost in one["stage_ms"].items())
    return (
        f"{name} cameras={one['cameras']} fps={one['fps']['ours']} dropped={one['dropped']} "
        f"most_fps={one['most_fps']['ours']:g}/{one['most_fps']['plain']:g} "
        f"cpu_ms={one['cpu_ms']['ours']}/{one['cpu_ms']['plain']} ratio={one['cpu_ratio']} {stage_ms} "
        f"camera_mib={one['camera_mib']['ours']}/{one['camera_mib']['plain']}"
    )
