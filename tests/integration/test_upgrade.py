"""Every service is replaced under load, one after the other, and the broker is restarted: nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.audit.report import render
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import free_port
from processors.streaming.worker import WINDOW
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.ledger import Account, Balance
from schemas.messages import Camera, CameraState
from schemas.settings import Settings
from tests.integration.capture_world import (
    CaptureWorker,
    capture_worker,
    eventually,
    read_captures,
    read_frames,
    read_statuses,
)
from tests.integration.streaming_kit import MODEL, wait_committed, workers
from tests.integration.upgrade_kit import Viewer, audited

FPS = 10
CAMERAS = [Camera(id=f"camera-{number}", source="pattern:160x120", models=(MODEL,), fps=FPS) for number in range(4)]


@contextmanager
def api_process(settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A running `framebus run api`, ended with the block at the latest."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FRAMEBUS_")}
    environ |= {"FRAMEBUS_BOOTSTRAP_SERVERS": settings.bootstrap_servers, "FRAMEBUS_PREFIX": settings.prefix}
    command = [sys.executable, "-W", "error", "-m", "deploy.cli", "run", "api"]
    process = subprocess.Popen(command, env={**environ, "FRAMEBUS_API_PORT": str(port)}, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


class System:
    """The services of one installation, each a process; `log` says what was replaced."""

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        self._settings = settings
        self._folder = folder
        self._stack = stack
        self._port = free_port()
        self._start_worker = stack.enter_context(workers(settings, folder))
        self.api = self._start_api()
        self.workers = [self._start_worker(leash=170), self._start_worker(leash=170)]
        self.capture = self._start_capture()
        self.viewer = Viewer(f"http://127.0.0.1:{self._port}")
        stack.callback(self.viewer.close)

    def _start_api(self) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(api_process(self._settings, self._port))

    def _start_capture(self) -> CaptureWorker:
        return self._stack.enter_context(capture_worker(self._settings, self._folder))

    def replace_api(self) -> None:
        """Stop, then start: two cannot hold the port."""
        self.api.terminate()
        assert self.api.wait(10) == 0
        self.api = self._start_api()

    def replace_worker(self) -> None:
        """Start a new one in the group, then stop the oldest."""
        new = self._start_worker(leash=170)
        new.wait_assigned()
        old = self.workers.pop(0)
        assert old.terminate() == 0, old.text
        self.workers.append(new)

    def replace_capture(self) -> None:
        """Start a new one, which takes its share of the cameras, then stop the old one: it takes the rest."""
        new = self._start_capture()
        new.says("cameras assigned")
        self.capture.stop()
        self.capture = new

    def stop(self) -> None:
        self.capture.stop()
        wait_committed(self._settings)
        for worker in self.workers:
            assert worker.terminate() == 0, worker.text
        self.viewer.close()
        self.api.terminate()
        assert self.api.wait(10) == 0


@pytest.fixture
def system(settings: Settings, tmp_path: Path) -> Iterator[System]:
    for camera in CAMERAS:
        put_camera(settings, camera)
    with ExitStack() as stack:
        yield System(settings, tmp_path, stack)


def total(balance: Balance) -> Account:
    """The sum over all cameras."""
    every = list(balance.accounts.values())
    fields = ("captured", "delivered", "failed", "unknown", "inferred", "dead", "stale", "expired", "in_log")
    return Account(**{name: sum(getattr(account, name) for account in every) for name in fields})


def gaps_s(settings: Settings) -> dict[str, float]:
    """Seconds from the last picture of each camera's first run to the first picture of its second one."""
    found = {}
    frames = read_frames(settings, MODEL)
    for camera, claims in read_captures(settings).claims.items():
        assert len(claims) == 2, f"{camera} changed hands once"
        first, second = ([info.captured_at for info in frames.of(camera, run).values()] for run in claims)
        found[camera] = (min(second) - max(first)).total_seconds()
    return found


def _all_stream(settings: Settings) -> bool:
    states = read_statuses(settings)
    return all((state := states.get(camera.id)) and state.state is CameraState.STREAMING for camera in CAMERAS)


@pytest.mark.timeout(300)
def test_a_rolling_restart_of_every_service_loses_nothing_and_repeats_nothing(
    settings: Settings, catalogue: Catalogue, kafka: EmbeddedKafka, system: System
) -> None:
    system.viewer.sees_more()
    eventually(lambda: _all_stream(settings), "every camera streams")
    system.replace_api()
    system.viewer.sees_more()
    assert system.viewer.connections == 2
    for _ in range(2):
        system.replace_worker()
        system.viewer.sees_more()
    system.replace_capture()
    system.viewer.sees_more(40)
    eventually(lambda: _all_stream(settings), "every camera streams again")
    rolled = audited(settings, catalogue)
    assert rolled.is_clean, render(rolled)
    assert (rolled.repeats, rolled.conflicts) == (0, 0)
    gaps = gaps_s(settings)

    assert kafka.stop()
    kafka.start()
    system.viewer.sees_more(40)
    system.stop()

    balance = audited(settings, catalogue)
    account = total(balance)
    assert balance.is_clean, render(balance)
    assert not balance.uncounted
    assert account.inferred == account.delivered > 0, "every delivered frame has its result"
    assert (account.unknown, account.dead, account.stale, account.expired, account.in_log) == (0, 0, 0, 0, 0)
    assert balance.repeats <= WINDOW * len(system.workers), "an outage may hide an acknowledgement, no more"
    assert max(gaps.values()) < 15
    seen = len(set(system.viewer.seen))
    print(  # noqa: T201  # what the guarantee costs
        f"captured={account.captured} inferred={account.inferred} failed={account.failed} repeats={balance.repeats} "
        f"seen={seen} connections={system.viewer.connections} "
        f"gaps_s={', '.join(f'{gap:.1f}' for gap in gaps.values())}"
    )
