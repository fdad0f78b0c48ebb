"""`framebus topic`: what the topics should be, and making them so."""

from __future__ import annotations

import typer

from deploy import topics
from deploy.cli.console import out
from deploy.cli.options import Kafka, read_settings
from schemas.catalogue import Catalogue

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Plan and apply the topics.")


@app.command()
def plan(kafka: Kafka = None) -> None:
    """Show what `apply` would change; exit code 1 if anything."""
    changes = topics.changes(read_settings(kafka), Catalogue())
    _show(changes, "the topics are as planned")
    raise typer.Exit(1 if changes else 0)


@app.command()
def apply(kafka: Kafka = None) -> None:
    """Create, grow and alter topics until they are as planned."""
    _show(topics.apply(read_settings(kafka), Catalogue()), "nothing to do: the topics are as planned")


def _show(changes: list[topics.Change], otherwise: str) -> None:
    for change in changes:
        out.print(str(change), markup=False, soft_wrap=True)
    if not changes:
        out.print(otherwise)
