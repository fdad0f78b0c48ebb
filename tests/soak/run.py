"""The soak: the whole system on real video for as long as one likes, with a second worker that comes and goes."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from confluent_kafka.admin import AdminClient

from api.audit.auditor import Auditor
from api.audit.report import render
from api.log.kafka import client_config
from deploy.local.groups import waiting_groups
from deploy.local.kafka import KafkaRuntime
from deploy.local.media import Media
from deploy.local.ports import free_port
from deploy.local.stack import Stack, services
from deploy.local.supervisor import Supervisor
from deploy.services import API, CAPTURE, inference
from producers.control import put_camera
from schemas.ledger import Balance
from schemas.messages import Camera
from schemas.settings import Settings
from tests.soak.sampling import Sampler
from tests.soak.viewers import Viewers

OBJECTS, FACES = "object-detection", "face-detection"
KAFKA = "kafka"
SERVICES = (CAPTURE, inference(OBJECTS), inference(FACES), API, KAFKA)
SAMPLE_S = 10.0
CYCLE_S = 300.0
JOINS_S, LEAVES_S = 120.0, 220.0
"""In each cycle a second worker joins at one moment and leaves at the other: in turn by SIGTERM and by SIGKILL."""
READY_S = 120.0
DRAIN_S = 60.0


@dataclass(slots=True)
class Found:
    """What a soak saw: `balance` is the audit after everything was drained."""

    minutes: float
    balance: Balance
    report: str
    seen: set[str]
    views: Counter[str]
    replaced: list[str]
    visits: Counter[str] = field(default_factory=Counter)


class Visitor:
    """A second worker of one model, which makes the group rebalance whenever it comes and goes."""

    def __init__(self, settings: Settings, logs: Path) -> None:
        worker = next(one for one in services(settings, [OBJECTS]) if one.name == inference(OBJECTS))
        self.visits: Counter[str] = Counter()
        self._supervisor = Supervisor([replace(worker, name="visitor")], log_dir=logs, echo=lambda *_: None)
        self._here = False

    def mind(self, elapsed: float) -> None:
        """Come or go, as the time in the cycle wants it."""
        cycle, moment = divmod(elapsed, CYCLE_S)
        if not self._here and JOINS_S <= moment < LEAVES_S:
            self._supervisor.start()
            self._here = True
            self.visits["joined"] += 1
        elif self._here and not JOINS_S <= moment < LEAVES_S:
            self.leave(politely=cycle % 2 == 0)

    def leave(self, *, politely: bool) -> None:
        """End it, if it is here."""
        if not self._here:
            return
        self._here = False
        if not politely:
            self._supervisor.kill()
        killed = self._supervisor.stop() if politely else ["visitor"]
        self.visits["killed" if killed else "left"] += 1


def soak(minutes: float, log: Path, say: Callable[[str], None]) -> tuple[Found, Sampler]:
    """Run everything for so many minutes; samples go to `log`, what the services say to the folder beside it."""
    logs = log.with_suffix("")
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="framebus-soak-")))
        settings = Settings(bootstrap_servers=f"127.0.0.1:{free_port()}", api_port=free_port(), prefix="soak.")
        runtime = KafkaRuntime.prepare(settings)
        stack = Stack(settings, folder=folder, runtime=runtime, logs=logs, echo=lambda *_: None, throwaway=True)
        ends.enter_context(stack)
        _start(stack)
        visitor = Visitor(stack.settings, logs)
        ends.callback(visitor.leave, politely=False)
        viewers = Viewers(stack.page)
        viewers.start()
        sampler = ends.enter_context(Sampler(log, lambda: _pids(stack)))
        _run(60 * minutes, stack, visitor, sampler, say)
        visitor.leave(politely=True)
        balance = _drain(stack)
        viewers.stop()
        found = Found(minutes, balance, render(balance), viewers.seen, viewers.counts, sampler.replaced())
        found.visits = visitor.visits
        return found, sampler


def _start(stack: Stack) -> None:
    """Start the stack and two cameras of few frames: together a quarter of a core of inference."""
    stack.start()
    admin = AdminClient(client_config(stack.settings))
    deadline = time.monotonic() + READY_S
    while waiting := waiting_groups(admin, stack.settings, [OBJECTS, FACES]):
        stack.check()
        assert time.monotonic() < deadline, f"no worker for {waiting} after {READY_S} s"
        time.sleep(0.2)
    street = str(Media(stack.settings.cache_dir).pedestrians())
    for camera in (
        Camera(id="street", source=street, models=(OBJECTS,), fps=2, loop=True),
        Camera(id="square", source=street, models=(OBJECTS, FACES), fps=1, loop=True),
    ):
        put_camera(stack.settings, camera)


def _run(seconds: float, stack: Stack, visitor: Visitor, sampler: Sampler, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    looks = 0
    while (elapsed := time.monotonic() - began) < seconds:
        stack.check()
        visitor.mind(elapsed)
        if elapsed >= looks * SAMPLE_S:
            sampler.look()
            looks += 1
            if looks % 30 == 0:
                say(f"{elapsed / 60:.0f} min: {_now(sampler)}")
        time.sleep(0.5)


def _now(sampler: Sampler) -> str:
    latest = [sampler.of(service)[-1] for service in SERVICES if sampler.of(service)]
    return ", ".join(f"{one.service} {one.rss / 2**20:.0f} MiB {one.descriptors} fd {one.threads} t" for one in latest)


def _drain(stack: Stack) -> Balance:
    """Stop capture, wait until the workers have nothing left, audit."""
    stack.supervisor.stop([CAPTURE])
    auditor = Auditor(stack.settings, stack.catalogue)
    try:
        deadline = time.monotonic() + DRAIN_S
        while True:
            auditor.refresh(DRAIN_S)
            balance = auditor.balance()
            left = sum(account.in_log for account in (*balance.accounts.values(), *balance.uncounted.values()))
            if not left or time.monotonic() > deadline:
                return balance
            time.sleep(0.5)
    finally:
        auditor.close()


def _pids(stack: Stack) -> dict[str, int | None]:
    pids: dict[str, int | None] = {name: stack.supervisor.pid(name) for name in SERVICES if name != KAFKA}
    children = psutil.Process(os.getpid()).children()
    brokers = [child.pid for child in children if child.name() == "java"]
    return {**pids, KAFKA: brokers[0] if brokers else None}
