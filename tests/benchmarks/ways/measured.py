"""What was measured: a turn of one way, all turns of all ways, and their medians."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

WAYS: Final = {
    "limit": "the limit: 2 threads decode, OpenVINO's queue, outputs; no framework",
    "infer": "OpenVINO's queue alone, on decoded pixels",
    "monolith": "synchronous: decode, infer with all cores, outputs",
    "redis": "the original design: Redis list, synchronous, draw, encode, publish",
    "worker": "our worker, from Kafka to acknowledged results",
}
APP: Final = "benchmark_app"


@dataclass(frozen=True, slots=True)
class Turn:
    """One way's frames in so many seconds; `server_cpu_s` is what the broker or redis-server used meanwhile."""

    frames: int
    seconds: float
    cpu_s: float
    detections: int = 0
    server_cpu_s: float | None = None

    @property
    def fps(self) -> float:
        return self.frames / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_s / self.frames


@dataclass
class Measured:
    """The turns of every way, and benchmark_app's rates."""

    turns: dict[str, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    app_fps: list[float] = field(default_factory=list)

    def fps(self, way: str) -> float:
        return statistics.median(turn.fps for turn in self.turns[way])

    def cpu_ms(self, way: str) -> float:
        return statistics.median(turn.cpu_ms for turn in self.turns[way])

    def server_cpu_ms(self, way: str) -> float | None:
        found = [1000 * turn.server_cpu_s / turn.frames for turn in self.turns[way] if turn.server_cpu_s is not None]
        return statistics.median(found) if found else None

    def network_rate(self) -> float:
        """The queue's rate as a part of benchmark_app's."""
        return self.fps("infer") / statistics.median(self.app_fps)

    def record(self) -> dict[str, Mapping[str, object]]:
        """The medians, and the least and the most of each."""
        ways = [way for way in WAYS if self.turns.get(way)]
        servers = {way: self.server_cpu_ms(way) for way in ways}
        return {
            "fps": {way: round(self.fps(way), 1) for way in ways},
            "cpu_ms": {way: round(self.cpu_ms(way), 2) for way in ways},
            "server_cpu_ms": {way: round(cost, 2) for way, cost in servers.items() if cost is not None},
            "fps_spread": {way: spread([turn.fps for turn in self.turns[way]]) for way in ways},
        }

    def table(self) -> str:
        """As Markdown, a line a way."""
        lines = [
            "| way | fps | least – most | of the limit | CPU ms a frame | of the limit | server's CPU ms |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for way in (way for way in WAYS if self.turns.get(way)):
            least, most = spread([turn.fps for turn in self.turns[way]])
            server = self.server_cpu_ms(way)
            lines.append(
                f"| {WAYS[way]} | {self.fps(way):.1f} | {least} – {most} | {self.fps(way) / self.fps('limit'):.2f} "
                f"| {self.cpu_ms(way):.2f} | {self.cpu_ms(way) / self.cpu_ms('limit'):.2f} "
                f"| {'–' if server is None else f'{server:.2f}'} |"
            )
        return "\n".join(lines)


def spread(values: list[float], digits: int = 1) -> tuple[float, float]:
    """The least and the most."""
    return round(min(values), digits), round(max(values), digits)


def misses(measured: Measured) -> list[str]:
    """The bars that do not hold, each in a sentence."""
    fps, cpu = measured.fps, measured.cpu_ms
    bars = [
        ("queue / benchmark_app", measured.network_rate(), ">=", 0.95),
        ("worker / limit, fps", fps("worker") / fps("limit"), ">=", 0.90),
        ("worker / limit, CPU ms", cpu("worker") / cpu("limit"), "<=", 1.12),
        ("worker / monolith, fps", fps("worker") / fps("monolith"), ">=", 1.0),
    ]
    if measured.turns.get("redis"):
        bars.append(("worker / redis, fps", fps("worker") / fps("redis"), ">=", 1.5))
    return [
        f"{name} = {value:.3f}; expected {sign} {bar}"
        for name, value, sign, bar in bars
        if (value < bar if sign == ">=" else value > bar)
    ]
