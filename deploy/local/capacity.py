"""What this machine can infer: CPU time a frame by model, and the rate at which that leaves room for everything else.

CPU time rather than wall time is measured, so that another program on the machine does not spoil the figure.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from processors.samples.cachefile import exclusive
from processors.samples.progress import Progress, silent
from processors.samples.tiers import Tier, cpu_kind, ready_tier
from schemas.cameras import Kind, kind_of
from schemas.catalogue import Catalogue, Model, Precision
from schemas.errors import ModelError
from schemas.messages import Camera
from schemas.settings import Settings

SHARE: Final = 0.5
"""The part of all cores that inference may take; capture, Kafka, the API and a browser on this machine get the rest."""
LIVE_FPS: Final = 25.0
_LABEL: Final = "measuring this machine"
_ROUNDS: Final = 5
_BATCH: Final = 4
_DEADLINE_S: Final = 120.0


def cpu_seconds(model: Model, tier: Tier, cache: Path) -> float:
    """CPU seconds that this machine needs to infer one frame of `model`: as its tiers were measured, else by a measure
    of its own, once, which is then read from `cache`.

    Raises:
        ModelError: The network does not run.
    """
    if tier.ms is not None:
        return tier.ms / 1000
    file = cache / "capacity" / f"{_key(model, tier)}.json"
    with exclusive(file.with_suffix(".lock")):
        if file.is_file():
            return float(json.loads(file.read_text())["cpu_s"])
        measured = _measure_apart(model, tier)
        file.write_text(json.dumps({"model": model.name, "cpu": cpu_kind(), "cpu_s": measured}) + "\n")
        return measured


def affordable_fps(native: Mapping[str, float], cameras: Sequence[Camera], cost: Mapping[str, float]) -> float | None:
    """The rate, the same for all cameras, that keeps inference within its share; None if their own rates do.

    Args:
        native: Each camera's own frames a second.
        cameras: The cameras; a camera's frame costs the sum over its models.
        cost: CPU seconds a frame by model.
    """
    budget = SHARE * (os.cpu_count() or 1)
    prices = {camera.id: sum(cost[model] for model in camera.models) for camera in cameras}
    if sum(native[camera.id] * prices[camera.id] for camera in cameras) <= budget:
        return None
    slow: set[str] = set()  # cameras whose own rate is below the common one leave it their remainder
    while True:
        left = budget - sum(native[name] * prices[name] for name in slow)
        common = left / sum(price for name, price in prices.items() if name not in slow)
        slower = {name for name in prices if name not in slow and native[name] < common}
        if not slower:
            return common
        slow |= slower


def measure(model: Model, tier: Tier) -> float:
    """CPU seconds a frame of this process, from JPEG to detections: the median of a few batches."""
    import cv2  # noqa: PLC0415  # heavy, and only the process that measures needs it
    import numpy as np  # noqa: PLC0415

    from processors.inference.core import InferenceCore  # noqa: PLC0415

    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    picture = cv2.resize(noise, (model.frame_width, model.frame_width * 3 // 4), interpolation=cv2.INTER_CUBIC)
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    core = InferenceCore(model, tier.network, precision=tier.precision)
    times = []
    try:
        for _ in range(_ROUNDS):
            before = time.process_time()
            for future in [core.submit(jpeg) for _ in range(_BATCH)]:
                future.result(_DEADLINE_S)
            times.append((time.process_time() - before) / _BATCH)
    finally:
        core.close()
    return sorted(times)[_ROUNDS // 2]


def _measure_apart(model: Model, tier: Tier) -> float:
    """In a process of its own, so that nothing of OpenVINO stays in this one."""
    command = [sys.executable, "-m", "deploy.local.capacity", str(tier.network), tier.precision]
    try:
        answer = subprocess.run(
            command, input=model.model_dump_json(), capture_output=True, text=True, check=False, timeout=_DEADLINE_S
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"model {model.name}: no measure of it within {_DEADLINE_S:.0f} s") from None
    try:
        return float(answer.stdout)
    except ValueError:
        raise ModelError(f"model {model.name}: it cannot be measured: {answer.stderr.strip()[-500:]}") from None


def _key(model: Model, tier: Tier) -> str:
    parts = (tier.network.parent.name, tier.precision, model.device, cpu_kind(), os.cpu_count())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def limit(
    cameras: Sequence[Camera], settings: Settings, catalogue: Catalogue, *, progress: Progress = silent
) -> tuple[tuple[Camera, ...], str | None]:
    """The cameras at a rate that this machine holds, and a sentence that says so if it is below their own.

    Raises:
        ModelError: A network cannot be measured.
        FetchError: A network cannot be had.
        SourceError: A camera's source cannot be opened.
    """
    models = sorted({model for camera in cameras for model in camera.models})
    cost = {}
    for done, name in enumerate(models):
        progress(_LABEL, done, len(models))
        model = catalogue.get(name)
        cost[name] = cpu_seconds(model, ready_tier(model, settings.cache_dir), settings.cache_dir)
    progress(_LABEL, len(models), len(models))
    native = {camera.id: native_fps(camera, settings) for camera in cameras}
    common = affordable_fps(native, cameras, cost)
    if common is None:
        return tuple(cameras), None
    fps = max(0.5, round(common, 1))
    limited = tuple(camera.model_copy(update={"fps": fps}) if native[camera.id] > fps else camera for camera in cameras)
    prices = ", ".join(f"{name} {cost[name] * 1000:.0f} ms" for name in models)
    own = ", ".join(f"{camera.id} {native[camera.id]:.0f}" for camera in cameras)
    return limited, f"cameras limited to {fps} fps (their own: {own}): a frame costs this CPU {prices}"


def native_fps(camera: Camera, settings: Settings) -> float:
    """The frames a second that a camera has by itself; a live one is not opened for it, but taken for a usual one."""
    from producers.sources import SourceRules, open_source  # noqa: PLC0415  # OpenCV

    if kind_of(camera.source) in (Kind.URL, Kind.USB):
        return LIVE_FPS
    with closing(open_source(camera, SourceRules.of(settings))) as source:
        return source.fps or LIVE_FPS


if __name__ == "__main__":
    asked = Tier(Path(sys.argv[1]), Precision(sys.argv[2]), "as asked")
    sys.stdout.write(f"{measure(Model.from_json(sys.stdin.read()), asked)}\n")
