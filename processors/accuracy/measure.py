"""What the tiers of a model see and cost on this machine, through the core that workers run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from processors.accuracy.agreement import Agreement, Counts, agreement
from processors.accuracy.bounds import breaches
from processors.inference.core import InferenceCore
from processors.inference.network import tiers_of
from processors.inference.version import version_of
from processors.samples.progress import Progress, silent
from processors.samples.quantize import nncf_version
from processors.samples.tiers import Measured, Share, TierMeasure, cpu_name
from schemas.catalogue import Model, Precision
from schemas.errors import ModelError
from schemas.messages import Detection

GAIN: Final = 1.05
"""How many times as fast as the fastest float INT8 must be: less is within what two measurements differ by."""
_ROUNDS: Final = 9
_BATCH: Final = 12
_DEADLINE_S: Final = 120.0

Seen = list[tuple[Detection, ...]]


def measure_tiers(
    model: Model,
    network: Path,
    twin: Path,
    *,
    calibration: int,
    held_out: Sequence[bytes],
    source: str,
    progress: Progress = silent,
) -> Measured:
    """Measure every tier that the device has, and say which is the default.

    Args:
        model: Its catalogue entry; the precision it asks for does not matter here.
        network: The float network.
        twin: The INT8 network, in a folder beside it.
        calibration: How many frames went into that.
        held_out: JPEGs that did not.
        source: Where both come from, in words.
        progress: Told after each frame and each round.

    Raises:
        ModelError: A network does not run, or its results are embeddings, which boxes say nothing of.
        FrameError: One of the frames is no JPEG that is taken.
    """
    label = f"{model.name}: measuring its tiers"
    tiers = tiers_of(model)
    if Precision.INT8 not in tiers:
        raise ModelError(f"model {model.name}: {model.device} computes in {', '.join(tiers)}; expected int8 among them")
    with ExitStack() as stack:
        cores = {
            tier: stack.enter_context(
                closing(InferenceCore(model, twin if tier is Precision.INT8 else network, precision=tier))
            )
            for tier in dict.fromkeys((*tiers, Precision.F32))
        }
        total = len(held_out) * len(cores) + _ROUNDS * len(cores)
        steps = _Steps(progress, label, total)
        seen = {tier: _see(core, held_out, steps) for tier, core in cores.items()}
        _check_comparable(model, seen[Precision.F32])
        on_cpu = model.device == "CPU"
        # CPU time, so that another program on the machine does not spoil the figure; of a GPU it says nothing.
        cost = _costs(cores, held_out, steps, time.process_time if on_cpu else time.perf_counter)
    found = {tier: agreement(zip(seen[Precision.F32], seen[tier], strict=True)) for tier in cores}
    against = (*breaches(found[Precision.INT8]), *_slow(cost))
    return Measured(
        model=model.name,
        version=version_of(model, network),
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        at=datetime.now(UTC),
        nncf=nncf_version(),
        source=source,
        calibration_frames=calibration,
        held_out_frames=len(held_out),
        int8=twin.parent.name,
        tiers={tier: _measure(found[tier], cost[tier], (os.cpu_count() or 1) if on_cpu else 1) for tier in cores},
        default=_fastest_float(cost) if against else Precision.INT8,
        against=against,
    )


class _Steps:
    """Counts steps for a progress bar."""

    def __init__(self, progress: Progress, label: str, total: int) -> None:
        self._progress = progress
        self._label = label
        self._total = total
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._label, self._done, self._total)


def _see(core: InferenceCore, frames: Iterable[bytes], step: _Steps) -> Seen:
    found: Seen = []
    for future in [core.submit(frame) for frame in frames]:
        found.append(future.result(_DEADLINE_S).detections)
        step()
    return found


def _check_comparable(model: Model, seen: Seen) -> None:
    if any(item.embedding is not None for items in seen for item in items):
        raise ModelError(f"model {model.name}: its results are embeddings; expected boxes or classes, to compare tiers")


def _costs(
    cores: Mapping[Precision, InferenceCore], frames: Sequence[bytes], step: _Steps, clock: Callable[[], float]
) -> dict[Precision, float]:
    """What a frame takes by `clock`, from JPEG to detections: the median of rounds in which the tiers take turns.

    Turns, so that a CPU that changes its own clock does not spoil the figure.
    """
    spent: dict[Precision, list[float]] = {tier: [] for tier in cores}
    for number in range(_ROUNDS):
        batch = [frames[(number * _BATCH + place) % len(frames)] for place in range(_BATCH)]
        for tier, core in cores.items():
            before = clock()
            for future in [core.submit(frame) for frame in batch]:
                future.result(_DEADLINE_S)
            spent[tier].append((clock() - before) / _BATCH)
            step()
    return {tier: median(times) for tier, times in spent.items()}


def _fastest_float(cost: Mapping[Precision, float]) -> Precision:
    floats = [tier for tier in cost if tier is not Precision.INT8]
    return min(floats, key=lambda tier: cost[tier])


def _slow(cost: Mapping[Precision, float]) -> tuple[str, ...]:
    rival = _fastest_float(cost)
    gain = cost[rival] / cost[Precision.INT8]
    if gain >= GAIN:
        return ()
    return (f"int8 is {gain:.2f} times as fast as {rival}; expected {GAIN} times or more",)


def _measure(found: Agreement, cost: float, at_once: int) -> TierMeasure:
    return TierMeasure(
        fps=round(at_once / cost, 1),
        ms=round(cost * 1000, 2),
        all=_share(found.all),
        labels={label: _share(counts) for label, counts in found.labels.items()},
    )


def _share(counts: Counts) -> Share:
    recall, precision = counts.recall, counts.precision
    return Share(
        reference=counts.reference,
        recall=None if recall is None else round(recall, 4),
        precision=None if precision is None else round(precision, 4),
    )
