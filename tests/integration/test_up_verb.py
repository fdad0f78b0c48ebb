"""`framebus up` on a broker that exists, and the verbs beside it, each as a user runs it: a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from deploy import topics
from deploy.local.environment import environment_of, inherited
from deploy.local.ports import free_port
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.integration.capture_world import eventually

MODEL, OTHER = "face-detection-fast", "face-detection"
END_S = 10.0


@pytest.fixture
def own(settings: Settings) -> Iterator[Settings]:
    """A prefix without topics: `up` makes them."""
    fresh = settings.model_copy(update={"prefix": f"{settings.prefix}up.", "api_port": free_port()})
    yield fresh
    topics.delete(fresh, Catalogue())


def verb(settings: Settings, folder: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    environment = environment_of(settings, but=("bootstrap_servers", "api_port"))
    command = [sys.executable, "-m", "deploy.cli", *arguments]
    return command, {**inherited(), **environment, "XDG_STATE_HOME": str(folder)}


def ask(settings: Settings, folder: Path, *arguments: str) -> str:
    command, environment = verb(settings, folder, *arguments)
    environment["FRAMEBUS_BOOTSTRAP_SERVERS"] = settings.bootstrap_servers
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(240)
def test_everything_runs_on_a_broker_that_exists_until_ctrl_c(
    own: Settings, installed: Callable[[str], None], tmp_path: Path
) -> None:
    for model in (MODEL, OTHER):
        installed(model)
    chosen = ("--model", MODEL, "--model", OTHER)
    arguments = ("up", "--kafka", own.bootstrap_servers, "--port", str(own.api_port), *chosen)
    command, environment = verb(own, tmp_path, *arguments)
    with (tmp_path / "up.log").open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
    family: list[psutil.Process] = []
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{own.api_port}", timeout=10) as page:
            eventually(lambda: answers(page), "the API", 60)
            ask(own, tmp_path, "camera", "add", "yard", "--source", "pattern:320x240", "--model", MODEL, "--fps", "5")
            eventually(lambda: len(page.get("/api/v1/results?camera=yard").json()["results"]) >= 10, "results", 60)
        before = pids(process.pid)
        assert f"replaced: the worker of {MODEL}" in ask(own, tmp_path, "restart", "--model", MODEL)
        after = pids(process.pid)
        assert [service for service in before if before[service] != after[service]] == [f"inference --model {MODEL}"]
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) == 4, "capture, a worker for each model that was asked for, and the API"
        ask(own, tmp_path, "camera", "remove", "yard")
        audited = json.loads(ask(own, tmp_path, "audit", "--json"))
        assert audited["clean"]
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (tmp_path / "up.log").read_text()
        assert time.monotonic() - began < END_S
        assert [child for child in family if child.is_running()] == []
    finally:
        process.kill()
        process.wait(10)
        for child in family:
            if child.is_running():
                child.kill()


def pids(up: int) -> dict[str, int]:
    """The process of each service, by what it was asked to run."""
    children = psutil.Process(up).children(recursive=True)
    return {" ".join(child.cmdline()).partition(" run ")[2]: child.pid for child in children}


def answers(page: httpx.Client) -> bool:
    try:
        return page.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
