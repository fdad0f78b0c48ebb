"""Decodes hostile JPEGs in a process of its own: a crash is noticed, memory can be measured; reports in JSON.

Arguments: the model's name, its network, a good JPEG, how many mutated ones to decode, and how many of them to infer.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processors.families import Placement
from processors.inference.core import InferenceCore
from processors.inference.picture import decode_picture, fit_picture
from schemas.catalogue import Catalogue, InputSpec, Precision
from schemas.errors import FrameError
from schemas.jpeg import check_jpeg
from schemas.settings import Settings
from tests.hostile import jpeg_table
from tests.hostile.mutations import mutated

LIMIT_BYTES, LIMIT_PIXELS = Settings().frame_limit_bytes, Settings().frame_limit_pixels
SEED = 20260131
DEADLINE_S = 60.0
_SLOW_S = 0.5
_CORPUS = 8192


@dataclass
class Report:
    """What came out of the JPEGs of one kind; `slowest_s` is processor time, `grown_mb` the peak of memory."""

    outcomes: Counter[str] = field(default_factory=Counter)
    found: list[tuple[str, str]] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""
    grown_mb: float = 0.0


def outcome(value: bytes, spec: InputSpec) -> tuple[str, float]:
    """What becomes of one JPEG, as the core would do it, and the seconds of this thread's processor time."""
    begun = time.thread_time()
    try:
        width, height = check_jpeg(value, limit_bytes=LIMIT_BYTES, limit_pixels=LIMIT_PIXELS)
        placement = Placement.of(spec, width, height)
        fit_picture(decode_picture(value, spec, placement), spec, placement)
        told = f"{width}×{height}"
    except FrameError as error:
        told = f"{type(error).__name__}: {error}"
        assert str(error), "a frame was refused without a reason"
    return told, time.thread_time() - begun


def decode(values: Sequence[tuple[str, bytes]], spec: InputSpec, *, keep: bool) -> Report:
    report = Report()
    before = _peak_mb()
    for name, value in values:
        told, seconds = outcome(value, spec)
        if seconds > _SLOW_S:  # a machine that is busy may make one measurement long, a hang makes both
            seconds = min(seconds, outcome(value, spec)[1])
        if seconds > report.slowest_s:
            report.slowest_s, report.slowest = seconds, name
        report.outcomes[told.partition(":")[0] if "Error" in told else "decoded"] += 1
        if keep:
            report.found.append((name, told))
    report.grown_mb = _peak_mb() - before
    return report


def infer(core: InferenceCore, values: Sequence[tuple[str, bytes]]) -> list[str]:
    """What the core says of each, all in flight at once as the worker has them."""
    told = []
    for future in [core.submit(value) for _, value in values]:
        try:
            found = future.result(DEADLINE_S)
            told.append(f"{found.width}×{found.height}")
        except FrameError as error:
            told.append(f"{type(error).__name__}: {error}")
    return told


def corpus() -> list[bytes]:
    """What is mutated: every picture of the table that is small enough to be decoded in no time."""
    return [case.value for case in jpeg_table.ALL if case.size and len(case.value) <= _CORPUS]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(name: str, network: str, good: str, count: int, share: int) -> dict[str, Any]:
    model = Catalogue().get(name)
    core = InferenceCore(model, Path(network), precision=Precision.F32)
    picture = Path(good).read_bytes()
    before = core.submit(picture).result(DEADLINE_S).detections
    values = [(str(number), value) for number, value in enumerate(mutated(corpus(), count, seed=SEED))]
    mutants = decode(values, model.input, keep=False)
    sample = values[:: count // share]
    told = infer(core, sample)
    differ = [
        index for (index, value), said in zip(sample, told, strict=True) if outcome(value, model.input)[0] != said
    ]
    table = decode([(case.name, case.value) for case in jpeg_table.ALL], model.input, keep=True)
    every = infer(core, [(case.name, case.value) for case in jpeg_table.ALL])
    after = core.submit(picture).result(DEADLINE_S).detections
    core.close()
    return {
        "mutants": vars(mutants),
        "inferred": Counter("inferred" if "Error" not in said else said.partition(":")[0] for said in told),
        "differ": differ,
        "table": vars(table),
        "table_inferred": every,
        "detections": len(before),
        "same": before == after,
    }


if __name__ == "__main__":
    faulthandler.enable()
    faulthandler.dump_traceback_later(150, exit=True)
    arguments = sys.argv[1:]
    told = main(arguments[0], arguments[1], arguments[2], int(arguments[3]), int(arguments[4]))
    print(json.dumps(told))  # noqa: T201
