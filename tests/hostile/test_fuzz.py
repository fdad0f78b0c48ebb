"""The coverage-guided harnesses run for a few seconds, and again over every input that they ever failed on."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile import jpeg_table
from tests.hostile.effort import SECONDS

HERE = Path(__file__).parent
LEAST = 2_000
"""Inputs that a harness must have tried in each five seconds, on the slowest of machines."""
FOUND = HERE / "found"
"""Inputs that a harness once failed on, by its name."""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has wheels for Linux on x86_64 only"
)


def seeds(harness: str, folder: Path) -> Path:
    """What the harness begins with, and what it once failed on."""
    folder.mkdir()
    if harness == "fuzz_jpeg":
        values = [case.value for case in jpeg_table.ALL if len(case.value) <= 8192]
    else:
        values = list(codec_seeds())
    values += [path.read_bytes() for path in sorted((FOUND / harness).glob("*"))]
    for number, value in enumerate(values):
        (folder / str(number)).write_bytes(value)
    return folder


def codec_seeds() -> Iterator[bytes]:
    from tests.hostile import fuzz_codecs  # noqa: PLC0415  # needs atheris

    return fuzz_codecs.seeds()


def test_the_fuzzer_of_codecs_begins_with_what_each_takes() -> None:
    from tests.hostile import fuzz_codecs  # noqa: PLC0415  # needs atheris

    taken = [fuzz_codecs.read(seed) for seed in codec_seeds()]
    assert len(taken) == len(fuzz_codecs.DECODERS)
    assert all(taken)


@pytest.mark.timeout(SECONDS + 150)
@pytest.mark.parametrize("harness", ["fuzz_jpeg", "fuzz_codecs"])
def test_a_fuzzer_finds_nothing(harness: str, tmp_path: Path, cases: Counter[str]) -> None:
    root = HERE.parents[1]
    # By way of a shell that forks: a process started from here would take over our own peak of memory as its own.
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    command = [*shell, sys.executable, "-m", f"tests.hostile.{harness}", str(seeds(harness, tmp_path / "corpus"))]
    options = [f"-max_total_time={SECONDS}", "-seed=20260131", "-max_len=8192", "-timeout=1", "-rss_limit_mb=1024"]
    run = subprocess.run(
        [*command, *options, f"-artifact_prefix={tmp_path}/"],
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    kept = [path.name for path in tmp_path.glob("*-*")]
    assert run.returncode == 0, f"keep {tmp_path}/{kept} in {FOUND / harness}: {run.stderr[-3000:]}"
    done = re.search(r"Done (\d+) (?:runs|in)", run.stderr)
    assert done, run.stderr[-1000:]
    cases[f"inputs of {harness}"] += int(done[1])
    assert int(done[1]) >= LEAST * SECONDS // 5
