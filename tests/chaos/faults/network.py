"""Faults of the network between the broker and everybody else."""

from __future__ import annotations

import signal

from tests.chaos.faults.fault import Strike
from tests.chaos.fleet import API
from tests.chaos.timing import FREEZE_S
from tests.chaos.world import World


class Cut:
    """Every connection is reset, and none is accepted for some seconds."""

    name = "cut"

    def strike(self, world: World) -> Strike:
        seconds = world.chance.uniform(1.0, 9.0)
        world.proxy.cut()
        world.wait(seconds)
        world.proxy.mend()
        return Strike(f"{seconds:.1f} s", shaken=len(world.fleet.workers))


class LongCut:
    """Nobody reaches the broker for longer than capture keeps a frame: what it gives up must be counted as failed."""

    name = "long-cut"

    def strike(self, world: World) -> Strike:
        seconds = world.chance.uniform(15.0, 30.0)
        world.proxy.cut()
        world.wait(seconds)
        world.proxy.mend()
        return Strike(f"{seconds:.1f} s", shaken=len(world.fleet.workers))


class Flap:
    """Every connection is reset again and again, and may come back at once."""

    name = "flap"
    TIMES = 5

    def strike(self, world: World) -> Strike:
        for _ in range(self.TIMES):
            world.proxy.reset()
            world.wait(world.chance.uniform(0.2, 1.5))
        return Strike(f"{self.TIMES} times", torn=self.TIMES * len(world.fleet.workers))


class KillDuringCut:
    """While nobody reaches the broker, a worker, a capture worker and the API are killed, and start into the outage."""

    name = "kill-during-cut"

    def strike(self, world: World) -> Strike:
        victims = [world.chance.choice(world.fleet.workers), world.chance.choice(world.fleet.captures), API]
        world.proxy.cut()
        for victim in victims:
            world.fleet.signal(victim, signal.SIGKILL)
        world.wait(6.0)
        world.proxy.mend()
        return Strike(", ".join(victims), shaken=len(world.fleet.workers))


class Stall:
    """Nothing gets through for longer than every session, and nothing is closed; then all of it arrives."""

    name = "stall"

    def strike(self, world: World) -> Strike:
        world.proxy.stall()
        world.wait(FREEZE_S)
        world.proxy.mend()
        return Strike(f"{FREEZE_S:.0f} s", shaken=len(world.fleet.workers))


class Delay:
    """Everything takes 200 to 800 ms each way: slow, but in order and complete."""

    name = "delay"

    def strike(self, world: World) -> Strike:
        world.proxy.delay(lambda: world.chance.uniform(0.2, 0.8))
        world.wait(8.0)
        world.proxy.mend()
        return Strike("200-800 ms each way, 8 s")


class HalfClose:
    """Every connection ends in one direction only: towards the clients, or towards the broker."""

    name = "half-close"

    def strike(self, world: World) -> Strike:
        towards_broker = world.chance.random() < 0.5
        closed = world.proxy.half_close(towards_broker=towards_broker)
        world.wait(4.0)
        world.proxy.mend()
        side = "broker" if towards_broker else "clients"
        return Strike(f"{closed} connections towards the {side}", shaken=len(world.fleet.workers))
