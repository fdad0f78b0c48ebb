"""A loop in a process of its own, which waits between its turns; and benchmark_app, which is one already."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import openvino as ov

from deploy.local.environment import WORKER_ENVIRONMENT
from processors.inference.network import compile_network, read_network
from schemas.catalogue import Model
from schemas.messages import ModelReference
from tests.benchmarks.ways.measured import Turn

ROOT: Final = Path(__file__).parents[3]
_APP_DEADLINE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Lane:
    """The process of one loop."""

    way: str
    process: subprocess.Popen[str]
    reference: ModelReference

    def turn(self, seconds: float) -> Turn:
        """Let it run for so long."""
        return Turn(**self._ask(f"seconds {seconds}"))

    def detections(self, frames: int) -> int:
        """What it detects in the first `frames` frames."""
        return int(self._ask(f"frames {frames}")["detections"])

    def _ask(self, question: str) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return _answer(self.way, self.process)


@contextmanager
def lane(way: str, model: Model, network: Path, frames: Path, *, redis_port: int = 0) -> Iterator[Lane]:
    """The loop `way`, with the allocator's settings that a worker has, while the block runs."""
    command = [sys.executable, "-m", "tests.benchmarks.ways", way, str(network), str(frames), str(redis_port)]
    environ = {**os.environ, **WORKER_ENVIRONMENT}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdin
            process.stdin.write(model.model_dump_json() + "\n")
            process.stdin.flush()
            yield Lane(way, process, ModelReference(**_answer(way, process)))
        finally:
            process.kill()


def _answer(way: str, process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"way {way}: its process ended with code {process.wait(10)}; expected an answer")
    answer: dict[str, Any] = json.loads(line)
    return answer


class BenchmarkApp:
    """OpenVINO's own measure of the same graph, precision and hint."""

    def __init__(self, model: Model, network: Path, folder: Path) -> None:
        core = ov.Core()
        self._file = folder / "pixels.xml"
        ov.save_model(read_network(core, model, network), self._file, compress_to_fp16=False)
        compiled, _ = compile_network(model, network, precision=model.precision)
        self._precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self._device = model.device

    def fps(self, seconds: float) -> float:
        """Inferences a second."""
        program = str(Path(sys.executable).with_name("benchmark_app"))
        command = [program, "-m", str(self._file), "-d", self._device, "-hint", "throughput"]
        command += ["-t", str(max(1, round(seconds))), "-infer_precision", self._precision]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_APP_DEADLINE_S)
        found = re.search(r"Throughput:\s+([\d.]+) FPS", answer.stdout)
        if answer.returncode or not found:
            said = (answer.stdout + answer.stderr).strip()[-500:]
            raise AssertionError(f"benchmark_app ended with code {answer.returncode} and no throughput: {said}")
        return float(found[1])
