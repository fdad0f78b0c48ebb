"""The short form: a whole system, one fault of each class of service, and every frame explained."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.chaos.drill import Drill, draw
from tests.chaos.faults import BY_NAME, FAULTS, Fault
from tests.chaos.world import World

SHORT = ("kill-worker", "kill-api", "kill-capture", "kill-broker", "cut", "expire", "lethal-frame")
MORE = ("freeze-worker", "half-close", "scale-1-4-1", "delay", "slow-frames")
"""Those that come as long as the run has taken less than `LONG_S`: on an idle machine all of them."""
LONG_S = 60.0


def short_form() -> Iterator[Fault]:
    begun = time.monotonic()
    yield from (BY_NAME[name] for name in SHORT)
    for name in MORE:
        if time.monotonic() - begun < LONG_S:
            yield BY_NAME[name]


def drilled(folder: Path, faults: Iterable[Fault]) -> tuple[World, Drill]:
    """A world that was struck with these faults, and the drill that judged it."""
    seed = int(os.environ.get("CHAOS_SEED", "7"))
    lines = [f"CHAOS_SEED={seed}"]
    try:
        with World(folder, random.Random(seed)) as world:
            assert world.proxy.connections, "every client goes through the proxy"
            drill = Drill(world, lines.append)
            drill.run(iter(faults))
    finally:
        print("\n".join(lines))  # noqa: T201  # pytest shows it when the test fails
    assert (drill.totals.unexplained, drill.totals.lost) == (0, 0)
    return world, drill


@pytest.mark.timeout(400)
@pytest.mark.alone
def test_whatever_is_killed_or_cut_off_every_frame_is_explained(tmp_path: Path) -> None:
    world, drill = drilled(tmp_path, short_form())
    assert drill.totals.faults >= len(SHORT)
    assert world.injector.poison, "poison was among the frames all the time"


def test_a_full_run_has_every_kind_of_fault_and_the_seed_decides_the_order() -> None:
    def kinds(seed: int) -> list[str]:
        clock = iter(range(0, 10_000, 20))
        return [fault.name for fault in draw(random.Random(seed), 600, lambda: float(next(clock)))]

    assert set(kinds(1)) == {fault.name for fault in FAULTS}
    assert len(kinds(1)) > len(FAULTS), "and then random ones"
    assert kinds(1) == kinds(1)
    assert kinds(1) != kinds(2)


def test_a_run_shorter_than_a_full_one_ends_in_time() -> None:
    clock = iter([0.0, *range(0, 100, 20)])
    assert len(list(draw(random.Random(1), 60, lambda: float(next(clock))))) == 3
