"""`framebus status`: how the cameras and the models are doing."""

from __future__ import annotations

import typer

from deploy.cli.console import out, table
from deploy.cli.options import Kafka, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def status(kafka: Kafka = None) -> None:
    """Show the cameras' states and how far each model's workers have come; exit code 1 if something is not right."""
    from deploy.local.status import read_status  # noqa: PLC0415  # the Kafka client, which --help does without

    seen = read_status(read_settings(kafka))
    out.print(
        table(("camera", "state", "since", "fps", "size", "owner", "models", "error"), seen.cameras, right=("fps",))
    )
    out.print()
    out.print(table(("model", "workers", "lag", "committed", "end"), seen.models, right=("lag", "committed", "end")))
    for problem in seen.problems:
        out.print(f"not right: {problem}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1 if seen.problems else 0)
