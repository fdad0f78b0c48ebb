"""Faults of the broker."""

from __future__ import annotations

import os
import signal

from tests.chaos.faults.fault import Strike
from tests.chaos.timing import FREEZE_S
from tests.chaos.world import World


class StopBroker:
    """The broker ends in order, and comes back after some seconds."""

    name = "stop-broker"

    def strike(self, world: World) -> Strike:
        seconds = world.chance.uniform(1.0, 8.0)
        world.kafka.stop()
        world.wait(seconds)
        world.kafka.start()
        return Strike(f"{seconds:.1f} s", shaken=len(world.fleet.workers))


class KillBroker:
    """SIGKILL of the broker; it comes back at once, and recovers its logs."""

    name = "kill-broker"

    def strike(self, world: World) -> Strike:
        world.kafka.kill()
        world.kafka.start()
        return Strike("and restart", shaken=len(world.fleet.workers))


class FreezeBroker:
    """SIGSTOP of the broker for longer than every session: when it wakes, all of its clients look dead to it."""

    name = "freeze-broker"

    def strike(self, world: World) -> Strike:
        pid = world.kafka.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            world.wait(FREEZE_S)
        finally:
            os.kill(pid, signal.SIGCONT)
        return Strike(f"{FREEZE_S:.0f} s", shaken=len(world.fleet.workers))
