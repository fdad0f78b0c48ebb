"""A worker process: the real Faust adapter, the real core, a real network, and a family that obeys marked pictures."""

from __future__ import annotations

import argparse
import os
import resource
from pathlib import Path
from typing import Any, cast

from deploy.cli.service import set_up_logging
from deploy.topics import await_topics
from processors import families
from processors.inference.core import InferenceCore
from processors.metrics import WorkerMetrics
from processors.streaming.serve import FAILED, HUNG, run_worker
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.chaos import network
from tests.chaos.timing import SLOW_S, TIMING


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", type=Path, required=True)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a lethal frame is to leave no dump behind
    settings = Settings.from_environment(os.environ)
    set_up_logging(settings.log_level)
    cast("dict[str, Any]", families.FAMILIES)[network.FAMILY] = network.family(slow_s=SLOW_S)
    model = network.model()
    await_topics(settings, Catalogue())
    core = InferenceCore(
        model,
        arguments.network,
        limit_bytes=settings.frame_limit_bytes,
        limit_pixels=settings.frame_limit_pixels,
    )
    code = run_worker(settings, model, core, WorkerMetrics(model.name), timing=TIMING)
    if code == HUNG:
        os._exit(FAILED)
    core.close()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
