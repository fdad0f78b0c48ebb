"""`framebus result`: follow results as they are written."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.console import out
from deploy.cli.options import Kafka, read_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Follow results.")


@app.callback()
def _results() -> None: ...


@app.command()
def tail(
    camera: Annotated[str | None, typer.Option(help="Only this camera's.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The records as they are, one a line.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    kafka: Kafka = None,
) -> None:
    """Follow results from now on, until Ctrl-C."""
    from deploy.cli.results import follow, one_line  # noqa: PLC0415  # the Kafka client, which --help does without

    shown = 0
    try:
        for record in follow(read_settings(kafka), camera=camera, model=model):
            text = record.value.decode() if as_json else one_line(record)
            out.print(text, markup=False, soft_wrap=True)
            shown += 1
            if shown == count:
                return
    except KeyboardInterrupt:
        return
