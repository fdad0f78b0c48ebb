"""All ways on frames of one size, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from processors.samples.tiers import Tier
from schemas.catalogue import Model
from schemas.settings import Settings
from tests.benchmarks.ways.lane import BenchmarkApp, Lane, lane
from tests.benchmarks.ways.measured import Measured, Turn
from tests.benchmarks.ways.pictures import FRAMES, save
from tests.benchmarks.ways.redis_server import RedisServer
from tests.benchmarks.ways.worker import Backlog, Drained, drain

TURN_S: Final = 3.0
_START_S: Final = 3.0
"""A worker drains for so long, at most, before its turn begins."""


@dataclass
class Bench:
    """What takes turns; redis-server and benchmark_app may be missing."""

    settings: Settings
    model: Model
    tier: Tier
    broker: psutil.Process
    folder: Path
    jpegs: list[bytes]
    redis: RedisServer | None = None
    app: BenchmarkApp | None = None
    measured: Measured = field(default_factory=Measured)
    drained: list[Drained] = field(default_factory=list)
    references: set[str] = field(default_factory=set)

    @property
    def as_run(self) -> Model:
        """The model with the precision that a worker chooses, for loops that leave no choice."""
        return self.model.model_copy(update={"precision": self.tier.precision})

    def run(self, rounds: int, ways: Sequence[str]) -> None:
        """Let each way, and our worker, have its turn in each round, in another order each time."""
        frames = save(self.jpegs, self.folder / "frames")
        backlog = Backlog(self.settings, self.model)
        port = self.redis.port if self.redis else 0
        with ExitStack() as stack:
            lanes = {
                way: stack.enter_context(lane(way, self.as_run, self.tier.network, frames, redis_port=port))
                for way in ways
            }
            self._agree(lanes)
            most = lanes["limit"].turn(TURN_S).fps
            turns: list[Callable[[], None]] = [partial(self._lane, one, most) for one in lanes.values()]
            turns.append(partial(self._drain, backlog, most))
            if self.app:
                turns.append(partial(self._app, self.app))
            for number in range(rounds):
                first = number % len(turns)
                for turn in (*turns[first:], *turns[:first]):
                    turn()

    def _agree(self, lanes: dict[str, Lane]) -> None:
        """All run the same network, and see the same, but for what another order of additions does to it."""
        self.references = {str(one.reference) for one in lanes.values()}
        found = {way: lanes[way].detections(FRAMES) for way in ("limit", "monolith")}
        assert max(found.values()) <= 1.05 * min(found.values()), f"detections in {FRAMES} frames: {found}"

    def _app(self, app: BenchmarkApp) -> None:
        self.measured.app_fps.append(app.fps(TURN_S))

    def _lane(self, one: Lane, most: float) -> None:
        if one.way != "redis" or self.redis is None:
            self.measured.turns[one.way].append(one.turn(TURN_S))
            return
        self.redis.fill(self.jpegs, round(most * (TURN_S + 1)))
        before = self.redis.cpu_s()
        turn = one.turn(TURN_S)
        server = self.redis.cpu_s() - before
        self.measured.turns[one.way].append(
            Turn(turn.frames, turn.seconds, turn.cpu_s, turn.detections, server_cpu_s=server)
        )

    def _drain(self, backlog: Backlog, most: float) -> None:
        backlog.fill(self.jpegs, round(most * (TURN_S + _START_S)))
        log = self.folder / "worker.log"
        drained = drain(self.settings, self.model, backlog, self.broker, log, seconds=TURN_S)
        self.references |= {str(result.model) for result in drained.results}
        self.drained.append(drained)
        self.measured.turns["worker"].append(drained.turn)
