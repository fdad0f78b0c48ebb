"""The benchmark's record, tables and figure."""

from __future__ import annotations

import os
import statistics
from typing import Any

from schemas.messages import ModelReference
from tests.benchmarks.ways.bench import Bench
from tests.benchmarks.ways.chart import chart
from tests.benchmarks.ways.measured import WAYS, spread


def record_of(reference: ModelReference, hd: Bench, fitted: Bench) -> dict[str, Any]:
    """What build/bench/inference.json says."""
    return {
        "model": reference.name,
        "precision": reference.precision,
        **hd.measured.record(),
        "benchmark_app_fps": round(statistics.median(hd.measured.app_fps), 1),
        "queue_of_benchmark_app": round(hd.measured.network_rate(), 3),
        "rounds": len(hd.drained),
        "cores": len(os.sched_getaffinity(0)),
        "frame_kilobytes": _kilobytes(hd),
        "first_result_s": _spread([drained.first_result_s for drained in hd.drained], 2),
        "memory_mib": {
            "resident": _spread([drained.resident_mib for drained in hd.drained], 0),
            "unique": _spread([drained.unique_mib for drained in hd.drained], 0),
        },
        "right_sized": {"width": fitted.model.frame_width, "frame_kilobytes": _kilobytes(fitted)}
        | fitted.measured.record(),
    }


def text_of(record: dict[str, Any], hd: Bench, fitted: Bench) -> str:
    """What is printed: two tables, and what they do not show."""
    start, memory = record["first_result_s"], record["memory_mib"]
    return "\n".join(
        [
            "",
            f"{record['model']}, {record['precision']}, {record['cores']} cores, {record['rounds']} rounds, "
            f"frames of 1280×720, {record['frame_kilobytes']} KB",
            hd.measured.table(),
            f"OpenVINO's queue alone is {record['queue_of_benchmark_app']} of benchmark_app's rate, "
            f"which is {record['benchmark_app_fps']} fps",
            f"the same pictures, {record['right_sized']['width']} wide, {record['right_sized']['frame_kilobytes']} KB",
            _gains(hd, fitted),
            f"worker: first result {start['median']} s after its start ({start['least']} – {start['most']}); "
            f"memory {memory['resident']['median']} MiB, of which its own {memory['unique']['median']}",
        ]
    )


def figure_of(record: dict[str, Any]) -> str:
    """The first table as SVG."""
    title = f"{record['model']}, {record['precision']}, 1280×720, {record['cores']} cores"
    return chart(title, {"frames a second": record["fps"], "CPU ms a frame": record["cpu_ms"]})


def _gains(hd: Bench, fitted: Bench) -> str:
    width = fitted.model.frame_width
    lines = [
        f"| way | fps at 1280 | fps at {width} | gain | CPU ms at 1280 | CPU ms at {width} |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for way in (way for way in WAYS if fitted.measured.turns.get(way)):
        before, after = hd.measured, fitted.measured
        lines.append(
            f"| {WAYS[way]} | {before.fps(way):.1f} | {after.fps(way):.1f} | {after.fps(way) / before.fps(way):.2f} "
            f"| {before.cpu_ms(way):.2f} | {after.cpu_ms(way):.2f} |"
        )
    return "\n".join(lines)


def _kilobytes(bench: Bench) -> float:
    return round(statistics.mean(map(len, bench.jpegs)) / 1000, 1)


def _spread(values: list[float], digits: int) -> dict[str, float]:
    least, most = spread(values, digits)
    return {"median": round(statistics.median(values), digits), "least": least, "most": most}
