"""How near the worker is to what the machine can do: five ways from the same frames to detections, turn by turn.

`make bench BENCH=inference` prints the tables, draws docs/benchmarks/inference.svg and writes
build/bench/inference.json. PRECISION=f32 runs another precision than the one that a worker chooses by itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import psutil
import pytest

from deploy.local.kafka import EmbeddedKafka
from deploy.local.media import Media
from processors.samples.tiers import Tier
from schemas.catalogue import Model
from schemas.errors import FetchError
from schemas.settings import Settings
from tests.benchmarks.ways.bench import Bench
from tests.benchmarks.ways.lane import BenchmarkApp
from tests.benchmarks.ways.measured import misses
from tests.benchmarks.ways.pictures import HD, as_jpegs, hd_frames
from tests.benchmarks.ways.redis_server import find_redis, running_redis
from tests.benchmarks.ways.report import figure_of, record_of, text_of

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "9"))
WARM_START_S: Final = 2.5
"""From the worker's start to its first result, with OpenVINO's cache filled."""
REPORT: Final = Path("build/bench/inference.json")
FIGURE: Final = Path("docs/benchmarks/inference.svg")


@pytest.fixture
def bench(
    with_topics: Callable[[str], Settings], kafka: EmbeddedKafka, model: Model, tier: Tier, media: Media, tmp_path: Path
) -> Callable[[int], Bench]:
    """Prepares a bench on the same pictures at some width, with topics of its own."""
    pictures = hd_frames([media.path("bikes.mp4"), media.path("vtest.avi")])

    def prepare(width: int) -> Bench:
        settings, folder = with_topics(str(width)), tmp_path / str(width)
        folder.mkdir()
        return Bench(settings, model, tier, psutil.Process(kafka.pid), folder, as_jpegs(pictures, width))

    return prepare


@pytest.mark.timeout(1800)
def test_the_worker_beside_what_the_machine_can_do(
    bench: Callable[[int], Bench],
    model: Model,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hd, fitted = bench(HD[0]), bench(model.frame_width)
    hd.app = BenchmarkApp(hd.as_run, hd.tier.network, tmp_path)
    missed = []
    with ExitStack() as stack:
        try:
            hd.redis = stack.enter_context(running_redis(find_redis(settings.cache_dir), tmp_path / "redis.log"))
        except FetchError as error:
            missed.append(f"the original design was not measured: {error}")
        hd.run(ROUNDS, ("limit", "infer", "monolith", *(("redis",) if hd.redis else ())))
    fitted.run(max(3, ROUNDS // 2), ("limit", "monolith"))
    references = hd.references | fitted.references
    assert len(references) == 1, f"networks: {references}; expected the same for all ways"

    record = record_of(hd.drained[0].results[0].model, hd, fitted)
    for file, text in ((REPORT, json.dumps(record, indent=2) + "\n"), (FIGURE, figure_of(record))):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    missed += misses(hd.measured)
    if (start := record["first_result_s"]["median"]) > WARM_START_S:
        missed.append(f"first result after {start} s; expected at most {WARM_START_S}")
    with capsys.disabled():
        print(text_of(record, hd, fitted))  # noqa: T201
        print("\n".join(missed) or "every bar holds")  # noqa: T201
    assert not missed, missed
