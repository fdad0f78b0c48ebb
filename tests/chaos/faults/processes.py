"""Faults of processes: killed, frozen, started and stopped."""

from __future__ import annotations

import signal
from typing import Final

from tests.chaos.faults.fault import Strike
from tests.chaos.fleet import API, RTSP
from tests.chaos.timing import CAPTURE_FREEZE_S, FREEZE_S, PAUSE_S
from tests.chaos.world import WORKERS, World

_UNDER_WAY_S: Final = 1.0
"""After so long nothing of a server that died is on its way to the log any more."""


class KillWorker:
    """SIGKILL of one worker: the group misses it when its session ends."""

    name = "kill-worker"

    def strike(self, world: World) -> Strike:
        victim = world.chance.choice(world.fleet.workers)
        world.fleet.signal(victim, signal.SIGKILL)
        return Strike(victim, shaken=1)


class KillAllWorkers:
    """SIGKILL of every worker at once: nobody is left to take over."""

    name = "kill-all-workers"

    def strike(self, world: World) -> Strike:
        victims = world.fleet.workers
        for victim in victims:
            world.fleet.signal(victim, signal.SIGKILL)
        return Strike(f"{len(victims)} workers", shaken=len(victims))


class PauseWorker:
    """SIGSTOP for longer than the deadline of an inference, but not than the session: nothing may come of it."""

    name = "pause-worker"

    def strike(self, world: World) -> Strike:
        victim = _frozen(world, world.chance.choice(world.fleet.workers), PAUSE_S)
        return Strike(f"{victim} {PAUSE_S:.0f} s")


class FreezeWorker:
    """SIGSTOP for longer than the session and than every deadline: another takes over, and then it comes back."""

    name = "freeze-worker"

    def strike(self, world: World) -> Strike:
        victim = _frozen(world, world.chance.choice(world.fleet.workers), FREEZE_S)
        return Strike(f"{victim} {FREEZE_S:.0f} s", shaken=1)


class KillCapture:
    """SIGKILL of a capture worker."""

    name = "kill-capture"

    def strike(self, world: World) -> Strike:
        victim = world.chance.choice(world.fleet.captures)
        world.fleet.signal(victim, signal.SIGKILL)
        return Strike(victim)


class FreezeCapture:
    """SIGSTOP of a capture worker for longer than its session: its cameras have a new owner when it comes back."""

    name = "freeze-capture"

    def strike(self, world: World) -> Strike:
        victim = _frozen(world, world.chance.choice(world.fleet.captures), CAPTURE_FREEZE_S)
        return Strike(f"{victim} {CAPTURE_FREEZE_S:.0f} s")


class KillRtspServer:
    """SIGKILL of the server of every RTSP camera; a new one listens at its port as soon as it has started."""

    name = "kill-rtsp-server"

    def strike(self, world: World) -> Strike:
        world.fleet.signal(RTSP, signal.SIGKILL)
        world.wait(_UNDER_WAY_S)
        return Strike("and restart")


class KillApi:
    """SIGKILL of the API."""

    name = "kill-api"

    def strike(self, world: World) -> Strike:
        world.fleet.signal(API, signal.SIGKILL)
        return Strike(API)


class FreezeApi:
    """SIGSTOP of the API."""

    name = "freeze-api"

    def strike(self, world: World) -> Strike:
        return Strike(f"{_frozen(world, API, FREEZE_S)} {FREEZE_S:.0f} s")


class Scale:
    """One worker, four, and one again, each time in order and under load: nothing may be done twice."""

    name = "scale-1-4-1"

    def strike(self, world: World) -> Strike:
        fleet = world.fleet
        killed = fleet.stop(fleet.workers[1:])
        world.settle(60)
        for _ in range(3):
            fleet.start_worker()
        world.settle(90)
        world.wait(2.0)
        killed += fleet.stop(fleet.workers[:3])  # those that served, so that everything moves
        world.settle(60)
        while len(fleet.workers) < WORKERS:
            fleet.start_worker()

        def check() -> None:
            assert not killed, f"{', '.join(killed)} did not end in order"

        return Strike("1 to 4 to 1 workers", check=check)


def _frozen(world: World, name: str, seconds: float) -> str:
    world.fleet.signal(name, signal.SIGSTOP)
    try:
        world.wait(seconds)
    finally:
        world.fleet.signal(name, signal.SIGCONT)
    return name
