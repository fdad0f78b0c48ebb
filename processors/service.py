"""The inference service: one worker of one model's group."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from processors.inference.core import InferenceCore
from processors.metrics import WorkerMetrics
from processors.samples.tiers import ready_tier
from processors.streaming.preflight import require_topics
from processors.streaming.serve import FAILED, HUNG, OK, run_worker
from schemas.catalogue import Model
from schemas.settings import Settings

log = logging.getLogger(__name__)

COLLECT_AFTER: Final = (10_000, 20, 50)
"""New objects after which Python looks for cycles among them, and how many such looks there are for one among older
ones. The usual (700, 10, 10) take 1 % of a worker's time, and frames leave no cycles behind."""


def run(settings: Settings, model: Model, followers: Sequence[Model] = ()) -> int:
    """Infer the frames of one model until SIGTERM or SIGINT; then finish what was taken, commit and leave the group.

    `followers` are the second stages that get crops of its frames. Returns the exit code: 0, or 1 when something failed
    and only a new process can go on. To be called from the main thread, once for each process.

    Raises:
        FetchError: Its network cannot be fetched.
        ModelError: Its network cannot be compiled, or its entry asks for INT8 and it was not quantised.
        EnvironmentMissingError: The broker does not answer, or a topic is missing.
        SettingsError: A TLS file cannot be read.
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # nothing is taken before the worker has handlers of its own
        signal.signal(number, lambda *_: sys.exit(OK))
    require_topics(settings, model.name, [follower.name for follower in followers])
    _schedule_as_batch()
    tier = ready_tier(model, settings.cache_dir)
    core = InferenceCore(
        model,
        tier.network,
        precision=tier.precision,
        limit_bytes=settings.frame_limit_bytes,
        limit_pixels=settings.frame_limit_pixels,
        cache=settings.cache_dir / "compiled",
    )
    log.info("tier chosen model=%s precision=%s reason=%r", model.name, core.reference.precision, tier.why)
    gc.set_threshold(*COLLECT_AFTER)
    metrics = WorkerMetrics(model.name, fps=model.replicas.fps, followers=[follower.name for follower in followers])
    code = run_worker(settings, model, core, metrics, followers=followers)
    if code == HUNG:
        log.error("something hangs, ending the process at once model=%s", model.name)
        logging.shutdown()
        os._exit(FAILED)  # Python would wait for its threads for ever
    core.close()
    return code


def _schedule_as_batch() -> None:
    """Let no thread to come interrupt one that runs, as soon as it wakes: a network that goes on finds its caches cold.

    A worker wants throughput. Whoever shares its cores and does not, as a camera's thread, still comes first.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
