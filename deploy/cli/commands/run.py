"""`framebus run`: one service in this process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer

from deploy.cli.options import Kafka, read_settings
from deploy.cli.service import serve_metrics, set_up_logging
from schemas.catalogue import Catalogue

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Run one service in this process, until SIGTERM or Ctrl-C."
)


@app.command()
def capture(kafka: Kafka = None) -> None:
    """Run this site's cameras."""
    _run("producers.service", kafka)


@app.command()
def inference(
    model: Annotated[str, typer.Option("--model", help="The model's name in the catalogue.")], kafka: Kafka = None
) -> None:
    """Infer one model's frames."""
    _run("processors.service", kafka, model)


@app.command()
def api(kafka: Kafka = None) -> None:
    """Serve REST, results as a stream, and the page."""
    # The API shows its metrics beside its routes, so it gets no server of its own for them.
    _run("api.service", kafka, metrics=False)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def _run(module: str, kafka: str | None, *arguments: str, metrics: bool = True) -> None:
    settings = read_settings(kafka)
    set_up_logging(settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # until the service, which has something to finish, takes over
    # What takes long comes first: a broker that starts at the same time uses these seconds too.
    run: Callable[..., Any] = import_module(module).run
    if metrics:
        serve_metrics(settings)
    import_module("deploy.topics").await_topics(settings, Catalogue())
    raise typer.Exit(run(settings, *arguments))
