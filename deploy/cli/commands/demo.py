"""`framebus demo`: the main job on sample videos, live or bounded with a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import err, progress_bars
from deploy.cli.options import OtherKafka, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    duration: Annotated[float | None, typer.Option(min=1, help="End by itself after so many seconds.")] = None,
    report: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the bounded run's report there.")] = None,
    camera: Annotated[int | None, typer.Option(min=0, help="Your own camera too: its USB number.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Your own video file or URL too.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The page's port.")] = None,
    kafka: OtherKafka = None,
) -> None:
    """Run the main job on sample videos; Ctrl-C ends it.

    With --duration it ends by itself: exit code 0 only if every frame of every camera was inferred and explained.
    """
    from deploy.cli.demo_run import DemoRun  # noqa: PLC0415  # --help does without all of this
    from deploy.cli.local import own_cameras, set_up, with_page_port  # noqa: PLC0415
    from deploy.local import capacity  # noqa: PLC0415
    from deploy.local.stack import with_files_of, with_open_sources  # noqa: PLC0415

    if report is not None and duration is None:
        raise typer.BadParameter("it needs --duration", param_hint="--report")
    began = time.time()
    settings = with_page_port(read_settings(kafka), port)
    if kafka is not None:
        # On a broker that others use too, the demo keeps to itself.
        settings = settings.model_copy(update={"prefix": f"{settings.prefix}demo-{uuid4().hex[:8]}."})
    catalogue = read_catalogue(settings)
    own = own_cameras(camera, source or (), catalogue)
    runtime, samples = set_up(settings, own_kafka=kafka is None, samples=True)
    asked = (*samples, *own)
    settings = with_files_of(settings, asked) if kafka else with_open_sources(settings)
    with progress_bars() as progress:
        cameras, limited = capacity.limit(asked, settings, catalogue, progress=progress)
    if limited:
        err.print(limited, style="yellow", soft_wrap=True)
    run = DemoRun(settings, runtime, cameras, began=began)
    raise typer.Exit(run.bounded(duration, report) if duration else run.endless())
