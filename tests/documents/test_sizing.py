"""The page's calculator, the command and the function say the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict

import pytest

from deploy.cli import main
from deploy.scaling.rule import UTILISATION
from deploy.scaling.sizing import Demand, Needs
from tests.debian import lacking
from tests.documents.blocks import ROOT

SCRIPT = ROOT / "docs/assets/sizing.js"
TABLE = [
    Demand(cameras=1, fps=1, models=1, frames_kept=1, results_kept=1, frame_bytes=1, result_bytes=1, replica_fps=1),
    Demand(cameras=20, fps=10, models=2, frames_kept=600, results_kept=691_200, replication=3),
    Demand(cameras=3, fps=8, models=1, frames_kept=60, results_kept=60),  # just one worker's share: 24 of 0.8 × 30
    Demand(cameras=3, fps=8.01, models=1, frames_kept=60, results_kept=60),
    Demand(cameras=7, fps=0.1, models=5, frames_kept=0.5, results_kept=86_400, replica_fps=0.7),
    Demand(
        cameras=1000,
        fps=29.97,
        models=9,
        frames_kept=86_400,
        results_kept=31_536_000,
        frame_bytes=250_000,
        replica_fps=240,
    ),
    Demand(cameras=11, fps=12.5, models=3, frames_kept=600, results_kept=600, replica_fps=3.3),
]


def camel(name: str) -> str:
    """The script's name of a field."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def test_by_hand() -> None:
    """20 cameras × 10 fps × 2 models × 60 kB × 600 s × 3 = 43.2 GB; ceil(200 / 24) = 9 workers of each model."""
    needs = Needs.of(TABLE[1])
    assert (needs.model_rate, needs.rate, needs.written) == (200, 400, 24e6)
    assert (needs.frames, needs.results, needs.workers) == (43.2e9, 400 * 1000 * 691_200 * 3, 18)
    assert (Needs.of(TABLE[2]).workers, Needs.of(TABLE[3]).workers) == (1, 2)


def test_the_script_says_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        lacking("node is missing: apt-get install nodejs")
    demands = [{camel(name): value for name, value in asdict(demand).items()} for demand in TABLE]
    script = f"{SCRIPT.read_text()}\nconsole.log(JSON.stringify([UTILISATION, ...{json.dumps(demands)}.map(needs)]))"
    printed = subprocess.run([node, "-"], input=script, capture_output=True, text=True, check=True, timeout=30).stdout
    utilisation, *found = json.loads(printed)
    assert utilisation == UTILISATION
    assert found == [
        {camel(name): pytest.approx(value, rel=1e-12) for name, value in asdict(Needs.of(demand)).items()}
        for demand in TABLE
    ]


def test_the_command_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--cameras", "20", "--fps", "10", "--models", "2", "--replication", "3"]
    with pytest.raises(SystemExit) as ended:
        main(("size", *arguments, "--json"))
    assert (ended.value.code, json.loads(capsys.readouterr().out)) == (0, asdict(Needs.of(TABLE[1])))
    with pytest.raises(SystemExit):
        main(("size", *arguments))
    printed = capsys.readouterr().out
    assert "43.2 GB" in printed
    assert "829 GB" in printed
