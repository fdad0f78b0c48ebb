"""`framebus size`: what cameras and models need of Kafka's disks, and how many workers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from deploy.cli.console import out, table
from deploy.scaling.rule import UTILISATION
from deploy.scaling.sizing import FRAME_BYTES, RESULT_BYTES, Demand, Needs
from deploy.topics.plan import FRAMES_RETENTION_S, OUTCOMES_RETENTION_S

app = typer.Typer(add_completion=False)

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@app.command()
def size(  # noqa: PLR0913  # one parameter for each option
    *,
    cameras: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    fps: Annotated[float, typer.Option(min=0.01, help="Frames a second that each sends.")] = 10.0,
    models: Annotated[int, typer.Option(min=1, help="How many get every frame.")] = 1,
    frame_bytes: Annotated[int, typer.Option(min=1, help="A JPEG's.")] = FRAME_BYTES,
    frames_kept: Annotated[float, typer.Option(min=1, help="Seconds.")] = FRAMES_RETENTION_S,
    result_bytes: Annotated[int, typer.Option(min=1, help="A result's, with its headers.")] = RESULT_BYTES,
    results_kept: Annotated[float, typer.Option(min=1, help="Seconds.")] = OUTCOMES_RETENTION_S,
    replication: Annotated[int, typer.Option(min=1, help="FRAMEBUS_REPLICATION_FACTOR.")] = 1,
    replica_fps: Annotated[float, typer.Option(min=0.01, help="What one worker infers: replicas.fps.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Say what cameras and models need: bytes on Kafka's disks, and workers, each with its formula.

    Bytes = cameras × fps × models × bytes of a frame × seconds that it is kept × replication factor.
    """
    demand = Demand(
        cameras, fps, models, frames_kept, results_kept, frame_bytes, result_bytes, replication, replica_fps
    )
    needs = Needs.of(demand)
    if as_json:
        out.print(json.dumps(asdict(needs)), markup=False, soft_wrap=True)
        return
    rows = [
        ("frames a second", f"{cameras:,} × {fps:,g} × {models:,} models", f"{needs.rate:,g} fps"),
        ("written a second", f"{needs.rate:,g} fps × {_bytes(frame_bytes)}", f"{_bytes(needs.written)}/s"),
        ("frames on disk", f"{_bytes(needs.written)}/s × {frames_kept:,g} s × {replication}", _bytes(needs.frames)),
        (
            "results on disk",
            f"{needs.rate:,g} fps × {_bytes(result_bytes)} × {results_kept:,g} s × {replication}",
            _bytes(needs.results),
        ),
        ("workers", f"⌈{needs.model_rate:,g} ÷ ({UTILISATION} × {replica_fps:,g})⌉ × {models:,}", f"{needs.workers:,}"),
    ]
    out.print(table(("need", "formula", "result"), rows, right=("result",)))


def _bytes(value: float) -> str:
    unit = next((power for power in range(len(_UNITS)) if value < 1000 ** (power + 1)), len(_UNITS) - 1)
    return f"{float(f'{value / 1000**unit:.3g}'):,g} {_UNITS[unit]}"
