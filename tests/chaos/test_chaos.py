"""The short form: a whole system, one fault of each class of service, and every frame explained."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos.drill import Drill, draw
from tests.chaos.faults import BY_NAME, FAULTS
from tests.chaos.world import World

SHORT = ("kill-worker", "kill-api", "kill-capture", "kill-broker", "cut", "expire", "lethal-frame")


@pytest.mark.timeout(400)
def test_whatever_is_killed_or_cut_off_every_frame_is_explained(tmp_path: Path) -> None:
    lines: list[str] = []
    with World(tmp_path, random.Random(7)) as world:
        assert world.proxy.connections, "every client goes through the proxy"
        drill = Drill(world, lines.append)
        try:
            drill.run([BY_NAME[name] for name in SHORT])
        finally:
            print("\n".join(lines))  # noqa: T201  # pytest shows it when the test fails
    assert (drill.totals.unexplained, drill.totals.lost) == (0, 0)
    assert drill.totals.faults == len(SHORT)
    assert world.injector.poison, "poison was among the frames all the time"


def test_a_full_run_has_every_kind_of_fault_and_the_seed_decides_the_order() -> None:
    def kinds(seed: int) -> list[str]:
        clock = iter(range(0, 10_000, 20))
        return [fault.name for fault in draw(random.Random(seed), 600, lambda: float(next(clock)))]

    assert set(kinds(1)) == set(BY_NAME)
    assert len(kinds(1)) > len(FAULTS), "and then random ones"
    assert kinds(1) == kinds(1)
    assert kinds(1) != kinds(2)


def test_a_run_shorter_than_a_full_one_ends_in_time() -> None:
    clock = iter([0.0, *range(0, 100, 20)])
    assert len(list(draw(random.Random(1), 60, lambda: float(next(clock))))) == 3
