"""Quantises models and measures their tiers: in this process, or in one of its own, which leaves no memory behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.local.media import Media
from processors.samples import prepare_network
from processors.samples.prepare import network_path
from processors.samples.progress import Progress, silent
from processors.samples.tiers import Measured, read_measured, write_measured
from schemas.catalogue import Model, Precision
from schemas.catalogue.builtin import BUILTIN
from schemas.errors import FramebusError, ModelError
from schemas.printable import printable

_SAID: Final = 500


def quantize(model: Model, cache: Path, *, frames: Path | None = None, progress: Progress = silent) -> Measured:
    """Make the INT8 network of `model`, measure its tiers on this machine, and keep both in `cache`.

    `frames` is a folder of pictures or a video; without it, the sample videos.

    Raises:
        FetchError: The network or a sample video cannot be had.
        ModelError: The network cannot be quantised, or does not run.
        SourceError: `frames` cannot be read, or is too little.
    """
    from deploy.local.sample_frames import own_frames, sample_frames  # noqa: PLC0415  # OpenCV
    from processors.accuracy.measure import measure_tiers  # noqa: PLC0415  # OpenVINO
    from processors.samples.quantize import quantize_network  # noqa: PLC0415

    if model.follows is not None and frames is None:
        raise ModelError(
            f"model {model.name}: it gets crops of what {model.follows.model} sees, which no sample video is; "
            "expected pictures of them: --frames FOLDER"
        )
    network = prepare_network(model, cache, progress=progress)
    shown = own_frames(model, frames) if frames else sample_frames(model, Media(cache, progress))
    twin = quantize_network(model, network, shown.calibration, progress=progress)
    measured = measure_tiers(
        model,
        network,
        twin,
        calibration=len(shown.calibration),
        held_out=shown.held_out,
        source=shown.source,
        progress=progress,
    )
    write_measured(model, network, measured)
    return measured


def set_up_tiers(models: Sequence[Model], cache: Path, *, progress: Progress = silent) -> list[str]:
    """Quantise and measure those of `models` that this machine has not yet; a sentence for each that failed.

    Only built-in ones that leave the choice to us and get whole frames: the sample videos show nothing of what a user's
    own are for, and a second stage gets crops.
    """
    failures = []
    for model in models:
        if model not in BUILTIN or model.precision is not Precision.AUTO or model.follows is not None:
            continue
        network = network_path(model, cache)
        if network.is_file() and read_measured(model, network) is not None:
            continue
        try:
            _quantize_apart(model, cache, progress)
        except FramebusError as error:
            failures.append(
                f"{model.name} runs in floats: it could not be quantised: {error} "
                f"(to try again: framebus model quantize {model.name})"
            )
    return failures


def _quantize_apart(model: Model, cache: Path, progress: Progress) -> None:
    """In a process of its own: NNCF takes half a gigabyte, and this process may run for weeks."""
    command = [sys.executable, "-m", "deploy.local.tiers", str(cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101
        try:
            child.stdin.write(model.model_dump_json())
            child.stdin.close()
            said = "nothing"
            for line in child.stdout:
                answer = json.loads(line)
                if "error" in answer:
                    said = answer["error"]
                else:
                    progress(answer["label"], answer["done"], answer["total"])
            code = child.wait()
        except BaseException:
            child.kill()
            raise
    if code:
        raise ModelError(f"model {model.name}: the process that quantises ended with code {code}: {said}")


def _main() -> int:
    """The other side of `_quantize_apart`: the model's entry on stdin, a JSON object a line on stdout."""

    def tell(label: str, done: int, total: int | None) -> None:
        say({"label": label, "done": done, "total": total})

    stdout, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer

    def say(answer: dict[str, object]) -> None:
        stdout.write(json.dumps(answer) + "\n")
        stdout.flush()

    try:
        quantize(Model.from_json(sys.stdin.read()), Path(sys.argv[1]), progress=tell)
    except FramebusError as error:
        say({"error": printable(str(error), _SAID)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
