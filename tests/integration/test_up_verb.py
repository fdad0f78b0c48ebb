"""`framebus up` on a broker that exists, and the verbs beside it, each as a user runs it: a process of its own."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from schemas.settings import Settings
from tests.integration.capture_world import eventually
from tests.integration.up_kit import ask, running

MODEL, OTHER = "face-detection-fast", "face-detection"
END_S = 10.0


@pytest.mark.timeout(240)
def test_everything_runs_on_a_broker_that_exists_until_ctrl_c(
    fresh: Settings, installed: Callable[[str], None], tmp_path: Path
) -> None:
    for model in (MODEL, OTHER):
        installed(model)
    with running(fresh, tmp_path, MODEL, OTHER) as process:
        ask(fresh, tmp_path, "camera", "add", "yard", "--source", "pattern:320x240", "--model", MODEL, "--fps", "5")
        with httpx.Client(base_url=f"http://127.0.0.1:{fresh.api_port}", timeout=10) as page:
            eventually(lambda: len(page.get("/api/v1/results?camera=yard").json()["results"]) >= 10, "results", 60)
        before = pids(process)
        assert f"replaced: the worker of {MODEL}" in ask(fresh, tmp_path, "restart", "--model", MODEL)
        after = pids(process)
        assert [service for service in before if before[service] != after[service]] == [f"inference --model {MODEL}"]
        family = process.children(recursive=True)
        assert len(family) == 4, "capture, a worker for each model that was asked for, and the API"
        ask(fresh, tmp_path, "camera", "remove", "yard")
        audited = json.loads(ask(fresh, tmp_path, "audit", "--json"))
        assert audited["clean"]
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, (tmp_path / "up.log").read_text()
        assert time.monotonic() - began < END_S
        assert [child for child in family if child.is_running()] == []


def pids(up: psutil.Process) -> dict[str, int]:
    """The process of each service, by what it was asked to run."""
    return {" ".join(child.cmdline()).partition(" run ")[2]: child.pid for child in up.children(recursive=True)}
