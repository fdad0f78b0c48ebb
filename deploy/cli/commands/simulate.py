"""`framebus simulate`: what a scaling rule would do with arrivals, before a cluster does it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.cli.console import out, table
from deploy.scaling.autoscaler import SYNC_S
from deploy.scaling.comparison import COLUMNS, WORKERS, Row, cells, compare, loads, markdown
from deploy.scaling.load import LONGEST_S, Load, bursts, constant, day, ramp, read_trace, step
from deploy.scaling.plot import plot
from deploy.scaling.rules import CHART, Parameters, RuleName
from deploy.scaling.simulator import Limits
from deploy.scaling.timeline import Steps, apart
from schemas.errors import TraceError

app = typer.Typer(add_completion=False)

_USUAL: Final = Parameters()
_SHAPES: Final = {"constant": (1, 1), "step": (3, 4), "ramp": (4, 4), "burst": (5, 5), "day": (2, 2)}
"""How many numbers each synthetic load takes, at least and at most."""

Trace = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Recorded arrivals: CSV of SECONDS,RATE, or what --json writes."),
]
Constant = Annotated[str | None, typer.Option("--constant", metavar="RATE", help="The same arrivals always.")]
Step = Annotated[str | None, typer.Option("--step", metavar="FROM,TO,AT[,BACK]", help="They change at once.")]
Ramp = Annotated[
    str | None, typer.Option("--ramp", metavar="FROM,TO,AT,OVER", help="They rise evenly, and fall again.")
]
Burst = Annotated[
    str | None, typer.Option("--burst", metavar="FROM,TO,AT,FOR,EVERY", help="They are high for a while, repeatedly.")
]
Day = Annotated[str | None, typer.Option("--day", metavar="LOW,HIGH", help="A day, in the whole duration.")]
Duration = Annotated[float, typer.Option(min=60, max=LONGEST_S, help="Seconds, of a load that is no trace.")]
Chosen = Annotated[RuleName, typer.Option("--rule", help="What scales; lag-rate is what the chart ships.")]
Compare = Annotated[bool, typer.Option("--compare", help="Every rule; without a load, on five, one of each kind.")]
Fps = Annotated[float, typer.Option(min=0.1, max=100_000, help="Frames a second that one replica infers.")]
Declared = Annotated[
    float | None, typer.Option("--declared-fps", min=0.1, help="What the catalogue says instead of --fps.")
]
Partitions = Annotated[int, typer.Option(min=1, max=1_000, help="Of the model's frames topic.")]
MaxAge = Annotated[float, typer.Option(min=0.1, help="Seconds after which a frame is skipped.")]
Start = Annotated[float, typer.Option(min=0, help="Seconds from a decision to a replica's first frame.")]
Least = Annotated[int, typer.Option("--min", min=0, help="The fewest replicas.")]
Most = Annotated[int | None, typer.Option("--max", min=1, help="The most; never more than partitions.")]
TargetLag = Annotated[float, typer.Option(min=0.01, help="The chart's scaling.targetLagSeconds.")]
Utilisation = Annotated[float, typer.Option(min=0.05, max=1, help="The chart's scaling.rateUtilisation.")]
Window = Annotated[float, typer.Option(min=0, max=3600, help="The chart's scale-down stabilisation, in seconds.")]
Figure = Annotated[Path | None, typer.Option("--plot", metavar="FILE.svg", dir_okay=False, help="Draw it as SVG.")]
AsJson = Annotated[bool, typer.Option("--json", help="Every second, and the figures.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="The table as Markdown.")]


@app.command()
def simulate(  # noqa: PLR0913  # one parameter for each option
    *,
    trace: Trace = None,
    constant_: Constant = None,
    step_: Step = None,
    ramp_: Ramp = None,
    burst: Burst = None,
    day_: Day = None,
    duration: Duration = 1800.0,
    rule: Chosen = RuleName.LAG_RATE,
    compare_: Compare = False,
    fps: Fps = WORKERS.fps,
    declared: Declared = None,
    partitions: Partitions = WORKERS.partitions,
    max_age: MaxAge = WORKERS.max_age_s,
    start: Start = WORKERS.start_s,
    least: Least = 1,
    most: Most = None,
    target_lag: TargetLag = _USUAL.target_lag_s,
    utilisation: Utilisation = _USUAL.utilisation,
    down_window: Window = CHART.down.window_s,
    figure: Figure = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """Simulate KEDA and the autoscaler on arrivals: replicas, what is skipped, and how long it takes to recover.

    Rates are frames a second, times are seconds. The table: replica-seconds, and the least that would do, at full pace
    and with foresight; frames skipped; the longest time in which frames waited for more than 2 s or were skipped.
    """
    given = {"constant": constant_, "step": step_, "ramp": ramp_, "burst": burst, "day": day_}
    load = _load(trace, {shape: text for shape, text in given.items() if text is not None}, duration)
    if load is None and not compare_:
        raise TraceError("no arrivals: expected --trace, --constant, --step, --ramp, --burst or --day, or --compare")
    setup = replace(WORKERS, fps=fps, partitions=partitions, max_age_s=max_age, start_s=start)
    behaviour = replace(CHART, down=replace(CHART.down, window_s=down_window))
    parameters = Parameters(
        declared_fps=declared, target_lag_s=target_lag, utilisation=utilisation, behaviour=behaviour
    )
    limits = Limits(first=least, least=least, most=most)
    over = loads(fps) if load is None else (load,)
    if figure is not None and len(over) > 1:
        raise TraceError(f"--plot {figure} of several loads: expected one load beside --compare")
    rows = list(compare(over, tuple(RuleName) if compare_ else (rule,), setup, parameters, limits))
    recorded = () if load is None else load.replicas
    if figure is not None:
        _draw(rows, recorded, figure)
    _show(rows, recorded, as_json=as_json, as_markdown=as_markdown)


def _load(trace: Path | None, given: dict[str, str], duration: float) -> Load | None:
    if len(given) + (trace is not None) > 1:
        raise TraceError(f"{len(given) + (trace is not None)} loads; expected one of --trace, --{', --'.join(_SHAPES)}")
    if trace is not None:
        try:
            return read_trace(trace.read_text(encoding="utf-8"), name=trace.name)
        except (OSError, UnicodeDecodeError) as error:
            raise TraceError(f"trace {trace}: {error}; expected a text file that can be read") from None
    for shape, text in given.items():
        return _synthetic(shape, text, duration)
    return None


def _synthetic(shape: str, text: str, duration: float) -> Load:
    numbers = _numbers(shape, text)
    low, high, at, *rest = *numbers, *[0.0] * max(0, 3 - len(numbers))
    match shape:
        case "constant":
            return constant(low, duration_s=duration)
        case "step":
            return step(low, high, at, duration_s=duration, back_at=rest[0] if rest else None)
        case "ramp":
            return ramp(low, high, at, over_s=rest[0], duration_s=duration)
        case "burst":
            return bursts(low, high, at, length_s=rest[0], every_s=rest[1], duration_s=duration)
        case _:
            return day(low, high, duration_s=duration)


def _numbers(shape: str, text: str) -> list[float]:
    least, most = _SHAPES[shape]
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not least <= len(numbers) <= most or not all(0 <= number < 1e9 for number in numbers):
        count = f"{least}" if least == most else f"{least} or {most}"
        raise TraceError(f"--{shape} {text[:80]!r}: expected {count} numbers from 0 on, with commas between them")
    return numbers


def _show(rows: Sequence[Row], recorded: Steps, *, as_json: bool, as_markdown: bool) -> None:
    away = {row.rule: apart(_replicas(row), recorded, slack_s=SYNC_S) for row in rows} if recorded else {}
    if as_json:
        known = [{"replicas_from_recorded": away[row.rule]} if away else {} for row in rows]
        runs = [
            {"load": row.load, "rule": row.rule, **more, **row.timeline.document()}
            for row, more in zip(rows, known, strict=True)
        ]
        out.print(json.dumps(runs[0] if len(runs) == 1 else runs), markup=False, soft_wrap=True)
    elif as_markdown:
        out.print(markdown(rows), markup=False, soft_wrap=True)
    else:
        out.print(table(COLUMNS, map(cells, rows), right=COLUMNS[2:]))
        for rule, mean in away.items():
            out.print(f"{rule}: {mean:.2f} replicas from what was recorded, in the mean, within {SYNC_S:g} s")


def _replicas(row: Row) -> Steps:
    return [(one.t, one.replicas) for one in row.timeline.samples]


def _draw(rows: Sequence[Row], recorded: Steps, path: Path) -> None:
    first = rows[0].timeline.samples
    replicas = {row.rule.value: _replicas(row) for row in rows}
    panels: dict[str, dict[str, Steps]] = {
        "frames a second that arrive": {"arrivals": [(one.t, one.arrival_fps) for one in first]},
        "replicas": replicas | ({"recorded": recorded} if recorded else {}),
        "seconds that the oldest frame waits": {
            row.rule.value: [(one.t, one.oldest_s) for one in row.timeline.samples] for row in rows
        },
    }
    try:
        path.write_text(plot(f"framebus simulate: {rows[0].load}", panels), encoding="utf-8")
    except OSError as error:
        raise TraceError(f"plot {path}: {error.strerror}; expected a place that can be written to") from None
