"""`framebus restart`: new processes in the place of the services of a running `framebus up`, one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import out
from deploy.cli.options import Kafka, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def restart(
    kafka: Kafka = None,
    data: Annotated[Path | None, typer.Option(file_okay=False, help="The folder that `up` was given.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only this model's worker, once for each.")] = None,
    deadline: Annotated[float, typer.Option(min=1, help="Seconds to wait for the end.")] = 600.0,
) -> None:
    """Replace the services of a running `framebus up`: the API, the workers, capture. Nothing is lost meanwhile.

    The new processes run the code that is installed now, with the models' entries as they are now; topics that they
    need are made first.
    """
    from deploy import topics  # noqa: PLC0415  # --help does without all of this
    from deploy.local import restarting  # noqa: PLC0415
    from deploy.local.environment import state_dir  # noqa: PLC0415

    settings = read_settings(kafka)
    catalogue = read_catalogue(settings)
    models = [catalogue.get(name).name for name in model or ()]
    topics.apply(settings, catalogue)
    restarting.ask(data or state_dir() / "up", models, deadline_s=deadline)
    out.print(f"replaced: the worker of {', '.join(models)}" if models else "every service was replaced")
