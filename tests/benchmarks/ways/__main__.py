"""One loop as a process: `python -m tests.benchmarks.ways WAY NETWORK FRAMES PORT`.

The first line of stdin is its model; the answer, as to each further line, is a line of JSON: what results call the
network. The others ask for turns: `seconds 3.0` or `frames 120`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from schemas.catalogue import Model
from tests.benchmarks.ways.loops import LOOPS, Task, counted, timed
from tests.benchmarks.ways.pictures import load


def main(way: str, network: str, frames: str, port: str) -> None:
    task = Task(Model.from_json(sys.stdin.readline()), Path(network), load(Path(frames)), int(port))
    loop = LOOPS[way](task)
    _say(loop.reference.model_dump())
    for line in sys.stdin:
        kind, amount = line.split()
        _say(timed(loop, float(amount)) if kind == "seconds" else counted(loop, int(amount)))


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
