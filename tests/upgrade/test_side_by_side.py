"""The last release's real code beside ours, in the same groups and topics: each mix that a rolling upgrade passes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.audit.report import render
from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.messages import Camera, FrameAddress
from schemas.settings import Settings
from tests.integration.streaming_kit import MODEL, Frames, Outcomes, evict, jpeg, wait_committed
from tests.integration.upgrade_kit import Viewer, audited
from tests.upgrade.releases import ROOT, Launcher, Running, check_out, launching

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the last release."""
    return check_out(tmp_path_factory.mktemp("release"))


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def launcher(settings: Settings, tmp_path: Path, port: int) -> Iterator[Launcher]:
    with launching(settings, tmp_path, port) as launcher:
        yield launcher


def test_what_runs_as_the_old_release_is_its_own_code(old: Path) -> None:
    command = [sys.executable, "-c", "import schemas, deploy.cli; print(schemas.__file__, deploy.cli.__file__)"]
    environ = {**os.environ, "PYTHONPATH": str(old)}
    found = subprocess.run(command, cwd=old, env=environ, capture_output=True, text=True, check=True).stdout.split()
    assert found == [str(old / "schemas/__init__.py"), str(old / "deploy/cli/__init__.py")]


class Installation:
    """One capture service, two workers and the API, each of any release."""

    def __init__(self, launcher: Launcher, code: Path) -> None:
        self._launcher = launcher
        self.api = launcher.service(code, "api")
        self.workers = [launcher.worker(code), launcher.worker(code)]
        for worker in self.workers:
            worker.says("partitions assigned")
        self.capture = launcher.service(code, "capture")

    def replace_api(self, code: Path) -> None:
        self.api.stop()
        self.api = self._launcher.service(code, "api")

    def replace_worker(self, code: Path) -> None:
        new = self._launcher.worker(code)
        new.says("partitions assigned")
        self.workers.pop(0).stop()
        self.workers.append(new)

    def replace_capture(self, code: Path) -> None:
        new = self._launcher.service(code, "capture")
        new.says("cameras assigned")
        self.capture.stop()
        self.capture = new

    def running(self) -> list[Running]:
        return [self.api, *self.workers, self.capture]


READERS_FIRST = ("api", "worker", "worker", "capture")
ORDERS = {"readers first": READERS_FIRST, "writers first": tuple(reversed(READERS_FIRST))}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_each_mix_of_a_rolling_upgrade_and_of_its_rollback_is_explained_by_both_releases(
    settings: Settings, catalogue: Catalogue, launcher: Launcher, old: Path, port: int, order: tuple[str, ...]
) -> None:
    for number in range(4):
        put_camera(settings, Camera(id=f"camera-{number}", source="pattern:160x120", models=(MODEL,), fps=5))
    installation = Installation(launcher, old)
    viewer = Viewer(f"http://127.0.0.1:{port}")
    try:
        viewer.sees_more()
        for code, steps in ((ROOT, order), (old, tuple(reversed(order)))):
            for step in steps:
                getattr(installation, f"replace_{step}")(code)
                viewer.sees_more()
                balance = audited(settings, catalogue)
                assert balance.is_clean, (step, render(balance))
                assert (balance.repeats, balance.conflicts, balance.newer) == (0, 0, {}), (step, render(balance))
                theirs = launcher.audit(old)
                assert theirs.returncode == 0, (step, theirs.stdout, theirs.stderr)
        installation.capture.stop()
        wait_committed(settings)
    finally:
        viewer.close()
    balance = audited(settings, catalogue)
    frames = sum(account.delivered for account in balance.accounts.values())
    assert sum(account.inferred for account in balance.accounts.values()) == frames > 100
    assert not balance.uncounted
    assert all("give up" not in service.text for service in installation.running())
    print(f"order={','.join(order)} delivered={frames} inferred={frames} repeats=0 lost=0")  # noqa: T201


@pytest.mark.parametrize("first", ["old", "ours"])
def test_a_killed_worker_is_followed_by_one_of_the_other_release(
    settings: Settings, launcher: Launcher, old: Path, first: str
) -> None:
    codes = [old, ROOT] if first == "old" else [ROOT, old]
    frames, outcomes = Frames(settings), Outcomes(settings)
    worker = launcher.worker(codes[0])
    worker.says("partitions assigned")
    frames.put_many(800)
    outcomes.wait_for(frames.sent[:200], deadline_s=30)
    worker.kill()
    evict(settings)
    launcher.worker(codes[1])
    outcomes.wait_for(frames.sent, deadline_s=60)
    wait_committed(settings)
    outcomes.read()
    outcomes.close()
    assert not outcomes.letters


def test_attempts_are_counted_across_releases(settings: Settings, launcher: Launcher, old: Path) -> None:
    frames, outcomes = Frames(settings), Outcomes(settings)
    frames.put_many(20)
    frames.put(jpeg("die"), partition=0)
    frames.flush()
    lethal = FrameAddress(MODEL, 0, 5)
    frames.put_many(20)
    for code in (old, ROOT, old, ROOT):  # at full speed, then three times alone
        worker = launcher.worker(code)
        assert worker.process.wait(60) == 137, worker.text
        evict(settings)
    launcher.worker(old)
    outcomes.wait_for(frames.sent, deadline_s=60)
    outcomes.close()
    letter, value = outcomes.letters.pop(lethal)
    assert (letter.error, letter.attempts, value) == ("LethalFrameError", 3, jpeg("die"))
    assert not outcomes.letters
