"""A whole system, each of whose services is killed in turn: it comes back by itself, and every frame is explained."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from api.audit.auditor import Auditor
from deploy.local.ports import free_port
from deploy.local.stack import Stack
from deploy.services import API, CAPTURE, inference
from producers.control import put_camera
from schemas.ledger import Account, Balance
from schemas.messages import Camera
from schemas.settings import Settings

MODEL = "face-detection"
YARD = Camera(id="yard", source="pattern:320x240", models=(MODEL,), fps=5)


class World:
    """A running stack with one camera, and an auditor that looks at it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._auditor = Auditor(stack.settings, stack.catalogue)

    def until(self, condition: Callable[[], bool], deadline_s: float = 60.0) -> None:
        deadline = time.monotonic() + deadline_s
        while not condition():
            self.stack.check()
            assert time.monotonic() < deadline, f"not in time; the last balance is {self.balance()}"
            time.sleep(0.2)

    def balance(self) -> Balance:
        self._auditor.refresh(20)
        return self._auditor.balance()

    def account(self) -> Account:
        return self.balance().accounts.get((YARD.id, MODEL), Account())

    def until_more(self, frames: int = 10) -> None:
        """Until so many more frames are captured, and inferred."""
        before = self.account()
        self.until(
            lambda: (
                (now := self.account()).inferred >= before.inferred + frames
                and now.captured >= before.captured + frames
            )
        )

    def kill(self, service: str) -> None:
        """End a service as a power cut would, and wait until another process is in its place."""
        killed = self.stack.supervisor.pid(service)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        self.until(lambda: self.stack.supervisor.pid(service) not in (None, killed))

    def serves(self) -> bool:
        try:
            return httpx.get(f"{self.stack.page}healthz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._auditor.close()


@pytest.fixture
def world(settings: Settings, network: Callable[[str], Path], tmp_path: Path) -> Iterator[World]:
    for model in ("object-detection", MODEL):
        network(model)
    own = settings.model_copy(update={"api_port": free_port()})
    lines: list[str] = []
    stack = Stack(
        own, folder=tmp_path, runtime=None, logs=tmp_path / "logs", echo=lambda *line: lines.append(str(line))
    )
    made = None
    try:
        with stack:
            stack.start()
            put_camera(own, YARD)
            made = World(stack)
            yield made
    finally:
        if made is not None:
            made.close()
        print("\n".join(lines[-200:]))  # noqa: T201  # pytest shows it when the test fails


@pytest.mark.timeout(300)
def test_each_service_is_killed_and_the_audit_explains_every_frame(world: World) -> None:
    world.until_more()
    for service in (inference(MODEL), CAPTURE):
        world.kill(service)
        world.until_more()
    world.until(world.serves)
    world.kill(API)
    world.until(world.serves)
    assert world.stack.supervisor.stop([CAPTURE]) == []
    world.until(lambda: not world.account().in_log)
    balance = world.balance()
    account = balance.accounts[YARD.id, MODEL]
    assert balance.unexplained == ()
    assert account.inferred + account.skipped == account.delivered
    # Only the last second before the capture worker's death may be unknown.
    assert account.unknown <= 2 * YARD.fps  # type: ignore[operator]
    assert world.stack.supervisor.restarts == {
        CAPTURE: 1,
        API: 1,
        inference(MODEL): 1,
        inference("object-detection"): 0,
    }
