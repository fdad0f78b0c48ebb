"""What the tests of `framebus up` share: it runs as a user runs it, and so do the verbs beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from deploy.local.environment import environment_of, inherited
from schemas.settings import Settings
from tests.integration.capture_world import eventually


def verb(settings: Settings, folder: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of a verb that finds its broker and its page's port by options."""
    environment = environment_of(settings, but=("bootstrap_servers", "api_port"))
    command = [sys.executable, "-m", "deploy.cli", *arguments]
    return command, {**inherited(), **environment, "XDG_STATE_HOME": str(folder)}


def ask(settings: Settings, folder: Path, *arguments: str) -> str:
    """What a verb prints, once it has ended with code 0."""
    command, environment = verb(settings, folder, *arguments)
    environment["FRAMEBUS_BOOTSTRAP_SERVERS"] = settings.bootstrap_servers
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running(settings: Settings, folder: Path, *models: str) -> Iterator[psutil.Popen]:
    """`framebus up` with a worker for each of these models, from when its API is ready until the block ends it."""
    chosen = models_of(*models)
    arguments = ("up", "--kafka", settings.bootstrap_servers, "--port", str(settings.api_port), *chosen)
    command, environment = verb(settings, folder, *arguments)
    with (folder / "up.log").open("w") as said:
        process = psutil.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
    family: list[psutil.Process] = []
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.api_port}", timeout=10) as page:
            eventually(lambda: _answers(page), "the API", 60)
        family = process.children(recursive=True)
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (folder / "up.log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        for child in family:
            if child.is_running():
                child.kill()


def models_of(*models: str) -> list[str]:
    """The options that name `models`."""
    return [option for model in models for option in ("--model", model)]


def _answers(page: httpx.Client) -> bool:
    try:
        return page.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
