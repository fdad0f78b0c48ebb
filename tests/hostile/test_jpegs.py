"""Hostile JPEGs through the real core, in a process of its own: each ends as a result or with a reason, and soon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import pytest

from tests.hostile.jpeg_table import ALL, CASES, Case

if TYPE_CHECKING:
    from deploy.local.media import Media

MODEL = "face-detection"
MUTANTS = 10_000
INFERRED = 500
CASE_S = 1.0
MUTANTS_MB = 64
TABLE_MB = 640
"""The largest pictures that are allowed: 49 million pixels, and four components of coefficients of 2 bytes."""


@pytest.fixture(scope="module")
def report(
    network: Callable[[str], Path], media: Media, tmp_path_factory: pytest.TempPathFactory, cases: Counter[str]
) -> dict[str, Any]:
    """What the child process says of the table and of the mutants."""
    capture = cv2.VideoCapture(str(media.path("WolfgangLanger_Pexels.mp4")))
    found, picture = capture.read()
    capture.release()
    assert found
    good = tmp_path_factory.mktemp("jpegs") / "good.jpg"
    good.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    command = [sys.executable, "-m", "tests.hostile.jpeg_child", MODEL, str(network(MODEL)), str(good)]
    root = str(Path(__file__).parents[2])
    child = subprocess.run(
        [*command, str(MUTANTS), str(INFERRED)],
        capture_output=True,
        text=True,
        timeout=170,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    told: dict[str, Any] = json.loads(child.stdout)
    cases["JPEGs, mutated"] += sum(told["mutants"]["outcomes"].values())
    cases["JPEGs, mutated, inferred by the core"] += sum(told["inferred"].values())
    cases["JPEGs, by name"] += len(told["table"]["found"])
    return told


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{kind}: {case.name}") for kind in CASES for case in CASES[kind]]
)
def test_what_becomes_of_a_strange_jpeg(report: dict[str, Any], case: Case) -> None:
    told = dict(report["table"]["found"])[case.name]
    if case.size:
        assert told == f"{case.size[0]}×{case.size[1]}"
    else:
        assert told.startswith(f"{case.error}: ")
        assert case.reason in told


def test_the_core_says_of_each_what_its_parts_say(report: dict[str, Any]) -> None:
    assert report["table_inferred"] == [told for _, told in report["table"]["found"]]
    assert report["differ"] == []
    assert len(ALL) == len({case.name for case in ALL})


def test_mutated_jpegs_end_as_results_or_with_a_reason(report: dict[str, Any]) -> None:
    outcomes = report["mutants"]["outcomes"]
    assert set(outcomes) == {"decoded", "NotJpegError", "FrameTooLargeError"}
    assert sum(outcomes.values()) == MUTANTS
    assert min(outcomes["decoded"], outcomes["NotJpegError"]) > MUTANTS // 10, "both ways are taken often"
    assert sum(report["inferred"].values()) >= INFERRED


def test_none_takes_long_or_much_memory(report: dict[str, Any]) -> None:
    for kind, limit in (("mutants", MUTANTS_MB), ("table", TABLE_MB)):
        told = report[kind]
        assert told["slowest_s"] < CASE_S, f"{told['slowest']} took {told['slowest_s']:.2f} s"
        assert told["grown_mb"] < limit


def test_a_good_frame_finds_after_them_what_it_found_before(report: dict[str, Any]) -> None:
    assert report["detections"] > 0
    assert report["same"]
