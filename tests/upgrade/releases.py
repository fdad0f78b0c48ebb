"""Services of a release, each a process of that release's own code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from schemas.settings import Settings
from tests.golden import store
from tests.integration.streaming_kit import MODEL, wait_until

ROOT: Final = Path(__file__).parents[2]


def newest() -> Path:
    """The folder of the last release that was frozen."""
    return max(store.releases(), key=lambda path: tuple(int(part) for part in path.name.split(".")))


def check_out(folder: Path) -> Path:
    """The last release's code in a folder of its own; skips the test where the history does not have it."""
    release = json.loads((newest() / "release.json").read_text())
    commit = release["commit"]
    known = subprocess.run(
        ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True, check=False
    )
    if known.returncode:
        pytest.skip(f"release {release['version']} is commit {commit}, which this checkout's history does not have")
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True)
    code = folder / str(release["version"])
    code.mkdir()
    subprocess.run(["tar", "-x", "-C", str(code)], input=archive.stdout, check=True)
    return code


class Running:
    """One service of one release; its log is kept for what it says and for failures."""

    def __init__(self, code: Path, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        self._log = log
        own = {name: value for name, value in os.environ.items() if not name.startswith("FRAMEBUS_")}
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], cwd=code, stderr=stderr, env={**own, **environ, "PYTHONPATH": str(code)}
            )

    @property
    def text(self) -> str:
        return self._log.read_text()

    def says(self, words: str) -> None:
        wait_until(lambda: words in self.text, deadline_s=60, what=f"{words!r} in {self._log}")

    def stop(self) -> None:
        """SIGTERM, and an end in order."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.text

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


class Launcher:
    """Starts services of any release for one installation."""

    def __init__(self, settings: Settings, folder: Path, port: int) -> None:
        self._settings = settings
        self._folder = folder
        self._port = port
        self._started: list[Running] = []

    def service(self, code: Path, name: str) -> Running:
        """`framebus run capture` or `api` of the release whose code is in `code`."""
        return self._start(code, ["-m", "deploy.cli", "run", name], name)

    def worker(self, code: Path) -> Running:
        """A worker with the fake core of that release's tests; leaves by itself after 120 s."""
        place = ["--bootstrap", self._settings.bootstrap_servers, "--prefix", self._settings.prefix]
        return self._start(code, [str(code / "tests/streaming_worker.py"), *place, "--model", MODEL], "worker")

    def audit(self, code: Path) -> subprocess.CompletedProcess[str]:
        """`framebus audit` of that release."""
        environ = {**os.environ, **self._environ(), "PYTHONPATH": str(code)}
        command = [sys.executable, "-m", "deploy.cli", "audit", "--model", MODEL]
        return subprocess.run(command, cwd=code, env=environ, capture_output=True, text=True, timeout=60, check=False)

    def kill(self) -> None:
        for running in self._started:
            running.kill()

    def _start(self, code: Path, arguments: list[str], name: str) -> Running:
        log = self._folder / f"{len(self._started)}-{name}-{code.name}.log"
        self._started.append(Running(code, arguments, self._environ(), log))
        return self._started[-1]

    def _environ(self) -> dict[str, str]:
        return {
            "FRAMEBUS_BOOTSTRAP_SERVERS": self._settings.bootstrap_servers,
            "FRAMEBUS_PREFIX": self._settings.prefix,
            "FRAMEBUS_API_PORT": str(self._port),
        }


@contextmanager
def launching(settings: Settings, folder: Path, port: int) -> Iterator[Launcher]:
    """A launcher whose services end with the block at the latest."""
    launcher = Launcher(settings, folder, port)
    try:
        yield launcher
    finally:
        launcher.kill()
