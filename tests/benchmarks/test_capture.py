"""What a camera costs: our capture service beside a plain loop a camera, on the same pictures, turn by turn.

`make bench BENCH=capture` prints the tables, writes build/bench/capture.json, and ends with the figures in one line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from deploy.local.kafka import EmbeddedKafka
from deploy.local.media import Media
from schemas.catalogue import Model
from schemas.messages import Camera
from schemas.settings import Settings
from tests.benchmarks.cameras.bench import Bench, misses, summary, table
from tests.benchmarks.cameras.turns import Load, Ran, ours, plain, stages

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "3"))
TURN_S: Final = 10.0
VIDEOS: Final = ("vtest.avi", "bikes.mp4", "single_face.mp4", "WolfgangLanger_Pexels.mp4")
REPORT: Final = Path("build/bench/capture.json")


def patterns(model: Model, factor: float = 1.0) -> tuple[Camera, ...]:
    """200 test patterns, as wide as the model wants its frames, at one picture a second or a multiple of it."""
    common: dict[str, Any] = {"source": "pattern:640x480", "models": (model.name,), "fps": factor}
    return tuple(Camera(id=f"pattern-{number}", **common) for number in range(200))


def files(media: Media, model: Model, factor: float = 1.0) -> tuple[Camera, ...]:
    """24 cameras that play the sample videos at 10 pictures a second, or a multiple of so many."""
    sources = [str(media.path(name)) for name in VIDEOS]
    common: dict[str, Any] = {"models": (model.name,), "fps": 10.0, "loop": True}
    return tuple(
        Camera(id=f"file-{number}", source=sources[number % len(sources)], **common)
        for number in range(int(24 * factor))
    )


@pytest.fixture
def benches(
    with_topics: Callable[[str], Settings], kafka: EmbeddedKafka, model: Model, media: Media, tmp_path: Path
) -> list[Bench]:
    """A bench for each load, whose cameras are in their topic."""
    broker, log = psutil.Process(kafka.pid), tmp_path / "capture.log"
    turns: dict[str, Callable[[Load], Ran]] = {
        "ours": partial(ours, broker=broker, log=log, seconds=TURN_S),
        "plain": partial(plain, broker=broker, seconds=TURN_S),
    }
    found = []
    for name, cameras in (("patterns", patterns), ("files", partial(files, media))):
        load = Load(name, with_topics(name), model, cameras(model))
        load.put()
        found.append(Bench(load, turns, partial(_more, load, cameras)))
    return found


def _more(load: Load, cameras: Callable[[Model, float], tuple[Camera, ...]], factor: float) -> Load:
    return replace(load, cameras=cameras(load.model, factor))


@pytest.mark.timeout(3600)
def test_what_a_camera_costs(
    benches: list[Bench],
    tmp_path: Path,
    last_line: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for bench in benches:
        for number in range(ROUNDS):
            bench.round(number)
        bench.stage_ms = stages(bench.load, tmp_path / "stages.log", tmp_path / "stages.json", seconds=TURN_S)
        bench.climb()
    record = {bench.load.name: bench.record() for bench in benches}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"rounds": ROUNDS, **record}, indent=2) + "\n")
    missed = [miss for bench in benches for miss in misses(bench, record[bench.load.name])]
    with capsys.disabled():
        print("\n".join(["", table(record), *(missed or ["every bar holds"])]))  # noqa: T201
    last_line(f"capture: {' | '.join(summary(name, one) for name, one in record.items())}")
    assert not missed, missed
