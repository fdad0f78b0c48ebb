"""The inference service as a process, with a real network: results on the topic, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from schemas.ledger import Outcome
from schemas.messages import Result
from schemas.settings import Settings
from tests.integration.streaming_kit import MODEL, Frames, Outcomes, info, wait_committed
from tests.integration.test_streaming_outcomes import POISON

ROOT = Path(__file__).parents[2]
SERVICE = """
import os, sys
from processors.service import run
from schemas.catalogue import Catalogue
from schemas.settings import Settings
catalogue = Catalogue()
sys.exit(run(Settings.from_environment(os.environ), catalogue.get(sys.argv[1]), catalogue.followers(sys.argv[1])))
"""


def serve(settings: Settings, *, errors: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The service as a process; who lets it say much sends its `errors` elsewhere than to a pipe that nobody reads."""
    given = settings.model_dump(mode="json", exclude_defaults=True)
    environ = {**os.environ, **{f"FRAMEBUS_{name.upper()}": str(value) for name, value in given.items()}}
    command = [sys.executable, "-c", SERVICE, MODEL]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stderr=errors, text=True)


def picture(width: int, height: int) -> bytes:
    done, buffer = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))
    assert done
    return buffer.tobytes()


def test_a_service_infers_and_ends_with_0(settings: Settings, network: Callable[[str], Path]) -> None:
    network(MODEL)
    frames, outcomes = Frames(settings), Outcomes(settings)
    value, headers = picture(640, 360), replace(info(0), width=640, height=360).encode()
    for _ in range(8):
        frames.put(value, headers)
    frames.flush()
    process = serve(settings)
    try:
        outcomes.wait_for(frames.sent, deadline_s=60)
        wait_committed(settings)
        assert os.sched_getscheduler(process.pid) == os.SCHED_BATCH
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        assert process.stderr
        process.stderr.close()
    results = [Result.from_json(value) for value in outcomes.values]
    assert {result.frame.address for result in results} == {str(address) for address in frames.sent}
    first = results[0]
    assert (first.model.name, first.model.device) == (MODEL, "CPU")
    assert min(first.stages.decode, first.stages.infer) > 0
    assert json.loads(outcomes.values[0])["frame"]["width"] == 640
    outcomes.close()


def peak_memory(process: subprocess.Popen[str]) -> int:
    """The most resident memory that the process ever had, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]


def test_poison_in_masses_costs_no_memory(settings: Settings, network: Callable[[str], Path]) -> None:
    """Limits apply before decoding: one picture of 20,000 × 20,000 pixels would take 1.2 GB."""
    network(MODEL)
    frames, outcomes = Frames(settings), Outcomes(settings)
    value = picture(640, 360)

    def put_good() -> None:
        frames.put(value, replace(info(0), width=640, height=360).encode())

    process = serve(settings, errors=subprocess.DEVNULL)
    try:
        for _ in range(40):
            put_good()
        frames.flush()
        outcomes.wait_for(frames.sent, deadline_s=60)
        before = peak_memory(process)
        for _ in range(40):
            for poison, headers, _, _ in POISON:
                frames.put(poison, headers)
            put_good()
        frames.flush()
        outcomes.wait_for(frames.sent, deadline_s=60)
        # Forty of them are values of 1 MiB, fetched and produced again: some of those are in memory at a time.
        assert peak_memory(process) - before < 160 * 2**20
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert len(outcomes.counts[Outcome.INFERRED]) == 80
    assert len(outcomes.counts[Outcome.DEAD]) == 40 * len(POISON)
    outcomes.close()


def test_a_service_without_topics_says_what_is_missing(settings: Settings) -> None:
    process = serve(settings.model_copy(update={"prefix": "nobody."}))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    missing = "captures, nobody.dead-letters, nobody.frames.object-detection, nobody.frames.pose, nobody.results"
    assert f"no topic nobody.{missing}.object-detection, nobody.skips" in errors
    assert "framebus topic apply" in errors
