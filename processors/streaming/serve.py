"""The life of a worker's process: start, run until a signal or an error, finish what was taken, leave the group."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from processors.metrics import WorkerMetrics
from processors.streaming.app import create_app, read_frames
from processors.streaming.containments import FramesApp
from processors.streaming.crops import CropWriter
from processors.streaming.group_view import GroupView
from processors.streaming.inferring import Core, Inferring
from processors.streaming.outcomes import Outcomes
from processors.streaming.quiet import quieten
from processors.streaming.slot import Slot
from processors.streaming.timing import Timing
from processors.streaming.watch import Watch
from processors.streaming.worker import Worker
from schemas.catalogue import Model
from schemas.errors import NewerRecordError, StalledError
from schemas.settings import Settings

if TYPE_CHECKING:
    from processors.traces import WorkerTraces

log = logging.getLogger(__name__)

OK: Final = 0
FAILED: Final = 1
HUNG: Final = 3


def run_worker(
    settings: Settings,
    model: Model,
    core: Core[Any],
    metrics: WorkerMetrics,
    *,
    followers: Sequence[Model] = (),
    timing: Timing | None = None,
) -> int:
    """Process the frames of `model` with `core` until SIGTERM or SIGINT; the process's exit code.

    `followers` get crops of the frames that name them.

    0: everything that was taken has its outcome and is committed. 1: something failed, or the drain's deadline
    passed; what has no outcome is not committed, and comes again. 3: the same, because the core, Faust's consumer
    or the broker does not answer any more, so that an orderly end might wait for ever.
    """
    quieten()
    metrics.network(core.reference)
    with TemporaryDirectory(prefix="framebus-") as folder:
        life = _Life(settings, model, core, metrics, followers, Path(folder), timing or Timing.within(settings.grace))
        return asyncio.run(_serve(life))


class _Life(NamedTuple):
    """What a worker's life needs."""

    settings: Settings
    model: Model
    core: Core[Any]
    metrics: WorkerMetrics
    followers: Sequence[Model]
    folder: Path
    timing: Timing


async def _serve(life: _Life) -> int:
    settings, model, core, metrics, followers, folder, timing = life
    signalled = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signalled.set)
    app = create_app(settings, model.name, folder=folder, timing=timing)

    outcomes = Outcomes(settings, model.name, app.produce, metrics)
    inferring = Inferring(core, metrics, lambda: worker.patience)
    crops = CropWriter(settings, model, followers, outcomes, metrics)
    worker = Worker(
        model,
        inferring=inferring,
        frames=app.consumer,
        outcomes=outcomes,
        metrics=metrics,
        timing=timing,
        crops=crops,
        traces=_traces(settings),
    )
    app.owner = worker
    app.slot = Slot(settings.slot) if settings.slot else None
    read_frames(app)
    stopped = asyncio.create_task(signalled.wait())
    view = GroupView(settings, model.name)
    watch = Watch(worker, app.consumer, outcomes, view, patience=timing.patience)
    watching = asyncio.create_task(watch.run(timing.watch))
    minding = asyncio.create_task(inferring.mind(timing.infer))
    running = asyncio.create_task(_run(app))
    log.info("worker starts model=%s group=%s", model.name, app.conf.id)
    ends: list[asyncio.Future[Any]] = [stopped, worker.failed, watching, minding, running]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    failure = _failure(worker, watching, minding, running)
    if failure:
        log.error("worker fails model=%s error=%r", model.name, failure)
    # A frame for a newer worker is no reason to leave unfinished what was taken before it.
    in_order = failure is None or isinstance(failure, NewerRecordError)
    settled = await worker.stop(timing.stop if in_order else 0.0)
    if app.slot:  # before the group is left: the rebalance that follows lets a successor who is there take the place
        app.slot.close()
        app.slot = None
    left = await _leave(app, timing.leave, running, watching, minding)
    log.info("worker ends model=%s settled=%s", model.name, settled)
    if inferring.hung or isinstance(failure, StalledError) or not left:
        return HUNG
    return OK if settled and failure is None else FAILED


def _traces(settings: Settings) -> WorkerTraces | None:
    if not settings.trace_ratio:
        return None
    from processors.traces import WorkerTraces  # noqa: PLC0415  # OpenTelemetry: an extra that may not be there

    return WorkerTraces()


async def _run(app: FramesApp) -> None:
    await app.start()
    await app.wait_until_stopped()
    if app.crash_reason:
        raise app.crash_reason


def _failure(worker: Worker, *services: asyncio.Task[None]) -> BaseException | None:
    if worker.failed.done():
        return worker.failed.result()
    return next((service.exception() or RuntimeError("ended") for service in services if service.done()), None)


async def _leave(app: FramesApp, deadline_s: float, *tasks: asyncio.Task[None]) -> bool:
    """Leave the group, so that its partitions go to others at once, and end what still runs.

    False: the deadline passed, as it does while the producer waits for a broker that is away; the consumer's thread
    runs on then, and only the end of the process ends it.
    """
    left = True
    try:
        async with asyncio.timeout(deadline_s):
            await app.stop()
    except TimeoutError:
        log.warning("could not leave the group in time group=%s", app.conf.id)
        left = False
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return left
