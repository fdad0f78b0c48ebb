"""Faults that frames bring along: they kill, they are slow, they expire."""

from __future__ import annotations

import signal
from typing import Final

from processors.streaming.caution import ATTEMPTS
from schemas.ledger import Outcome
from schemas.messages import FrameAddress
from tests.chaos.faults.fault import Strike
from tests.chaos.pictures import SLOW, marked, plain
from tests.chaos.timing import SLOW_S
from tests.chaos.world import PARTITIONS, World

_BURIAL_S: Final = 120.0


class DeadlyFrame:
    """A frame that no worker survives, between two good ones: buried after three attempts, and they are inferred."""

    def __init__(self, name: str, mark: tuple[float, ...]) -> None:
        self.name = name
        self._mark = mark

    def strike(self, world: World) -> Strike:
        before = world.fleet.deaths()
        partition = world.chance.randrange(PARTITIONS)
        first, lethal, last = world.injector.send([plain(), marked(self._mark), plain()], partition)

        def buried() -> bool:
            world.book.update(10)
            return lethal in world.book.letters

        world.until(buried, deadline_s=_BURIAL_S, what=f"dead letter of {lethal}")
        deaths = world.fleet.deaths() - before

        def check() -> None:
            letter = world.book.letters[lethal]
            assert (letter.error, letter.attempts) == ("LethalFrameError", ATTEMPTS), f"{lethal}: {letter}"
            for neighbour in (first, last):
                found = world.book.outcomes[neighbour]
                assert found is Outcome.INFERRED, f"{neighbour}, beside the lethal {lethal}: {found.name}"
            # At full speed nobody can tell which frame it was: that death counts for none.
            assert ATTEMPTS <= deaths <= ATTEMPTS + 1, f"{lethal}: {deaths} deaths; expected {ATTEMPTS}, or one more"

        return Strike(f"{lethal}, {deaths} deaths", shaken=deaths, moments=deaths, lethal={lethal}, check=check)


class SlowFrames:
    """Frames whose inference takes longer than its deadline."""

    name = "slow-frames"

    def strike(self, world: World) -> Strike:
        before = world.fleet.deaths()
        slow = _send_slow(world)

        def check() -> None:
            assert world.fleet.deaths() == before, "a slow frame ended a worker"
            _expect_inferred(world, slow)

        return Strike(f"2 x {SLOW_S:.0f} s", check=check)


class KillWhileSlow:
    """SIGKILL of every worker while slow frames hold back the commits of those that overtook them."""

    name = "kill-while-slow"

    def strike(self, world: World) -> Strike:
        slow = _send_slow(world)
        world.wait(SLOW_S * 0.8)
        victims = world.fleet.workers
        for victim in victims:
            world.fleet.signal(victim, signal.SIGKILL)
        return Strike(f"{len(victims)} workers", shaken=len(victims), check=lambda: _expect_inferred(world, slow))


class Expire:
    """Retention takes frames while no worker runs, some partitions' more than others': exactly those are expired."""

    name = "expire"

    def strike(self, world: World) -> Strike:
        count = len(world.fleet.workers)
        killed = world.fleet.stop(world.fleet.workers)
        committed = world.committed()
        world.wait(3.0)
        expired: set[FrameAddress] = set()
        wanted: dict[int, int] = {}
        for partition, end in world.ends().items():
            start = committed.get(partition, 0)
            wanted[partition] = below = world.chance.randint(start, end)
            expired |= {FrameAddress(world.model, partition, offset) for offset in range(start, below)}
        world.delete_below(wanted)
        for _ in range(count):
            world.fleet.start_worker()

        def check() -> None:
            assert not killed, f"{', '.join(killed)} did not end in order"

        return Strike(f"{len(expired)} frames", expired=expired, check=check)


def _send_slow(world: World) -> list[FrameAddress]:
    """Two slow frames, in partitions that two workers hardly ever share alike."""
    partitions = world.chance.sample(range(PARTITIONS), 2)
    sent = [world.injector.send([marked(SLOW)], partition)[0] for partition in partitions]
    world.wait(0.2)
    return sent


def _expect_inferred(world: World, frames: list[FrameAddress]) -> None:
    for frame in frames:
        found = world.book.outcomes[frame]
        assert found is Outcome.INFERRED, f"slow frame {frame}: {found.name}"
