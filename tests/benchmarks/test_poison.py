"""What poison costs: a worker drains the same good frames, alone and among as many poisoned ones, in turn."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.settings import Settings
from tests.integration.streaming_kit import MODEL, Frames, Outcomes, info
from tests.integration.test_inference_service import picture, serve
from tests.integration.test_streaming_outcomes import POISON

GOOD = 120
ROUNDS = 3
REPORT = Path("build/bench/poison.json")


@pytest.mark.timeout(600)
def test_poison_leaves_the_rate_alone(
    settings: Settings, network: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    network(MODEL)
    frames, outcomes = Frames(settings), Outcomes(settings)
    value, headers = picture(640, 360), replace(info(0), width=640, height=360).encode()
    process = serve(settings, errors=subprocess.DEVNULL)

    def drain(*, poisoned: bool) -> float:
        """Good frames a second."""
        begun = time.perf_counter()
        for index in range(GOOD):
            frames.put(value, headers)
            if poisoned:
                frames.put(*POISON[index % len(POISON)][:2])
        frames.flush()
        outcomes.wait_for(frames.sent, deadline_s=120)
        return GOOD / (time.perf_counter() - begun)

    rates: dict[bool, list[float]] = {False: [], True: []}
    try:
        drain(poisoned=False)  # the first frames wait for the worker to come up
        for _ in range(ROUNDS):
            for poisoned in (False, True):
                rates[poisoned].append(drain(poisoned=poisoned))
    finally:
        process.terminate()
        process.communicate(timeout=20)
        outcomes.close()
    alone, among = (round(statistics.median(rates[poisoned]), 1) for poisoned in (False, True))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"fps": {"alone": alone, "poisoned": among}, "ratio": round(among / alone, 2)}) + "\n")
    with capsys.disabled():
        print(f"\npoison: alone {alone} fps, among as much poison {among} fps, ratio {among / alone:.2f}")  # noqa: T201
    assert among / alone > 0.8
