"""`framebus run`: one service in this process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from prometheus_client import REGISTRY

from deploy.catalogue import read_catalogue
from deploy.cli.options import Kafka, read_settings
from deploy.cli.push import pushing
from deploy.cli.service import serve_metrics, set_up_logging, tell_build
from deploy.cli.traces import tracing
from deploy.services import API, CAPTURE
from deploy.services import inference as worker_of
from schemas.catalogue import Catalogue, Model
from schemas.settings import Settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Run one service in this process, until SIGTERM or Ctrl-C."
)


@app.command()
def capture(kafka: Kafka = None) -> None:
    """Run this site's cameras."""
    _run("producers.service", kafka, needs=CAPTURE)


@app.command()
def inference(
    model: Annotated[str, typer.Option("--model", help="The model's name in the catalogue.")], kafka: Kafka = None
) -> None:
    """Infer one model's frames."""

    def give(catalogue: Catalogue) -> tuple[Model, tuple[Model, ...]]:
        return catalogue.get(model), catalogue.followers(model)

    _run("processors.service", kafka, needs=worker_of(model), give=give)


@app.command()
def api(kafka: Kafka = None) -> None:
    """Serve REST, results as a stream, and the page."""

    def check(settings: Settings) -> None:
        import_module("api.access.access").check_doors(settings)

    # The API shows its metrics beside its routes, so it gets no server of its own for them.
    _run("api.service", kafka, needs=API, shown_by="api.metrics", check=check)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def _whole(catalogue: Catalogue) -> tuple[Catalogue]:
    return (catalogue,)


def _no_check(_: Settings) -> None: ...


@contextmanager
def _observed(settings: Settings, service: str) -> Iterator[None]:
    with tracing(settings, service), pushing(settings, service, REGISTRY):
        yield


def _run(
    module: str,
    kafka: str | None,
    *,
    needs: str,
    give: Callable[[Catalogue], tuple[Any, ...]] = _whole,
    shown_by: str | None = None,
    check: Callable[[Settings], None] = _no_check,
) -> None:
    settings = read_settings(kafka)
    catalogue = read_catalogue(settings)
    given = give(catalogue)
    set_up_logging(settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # until the service, which has something to finish, takes over
    # What takes long comes first: a broker that starts at the same time uses these seconds too.
    run: Callable[..., Any] = import_module(module).run
    check(settings)
    if shown_by:
        tell_build(needs, import_module(shown_by).REGISTRY)
    else:
        tell_build(needs, REGISTRY)
        serve_metrics(settings)
    rules = import_module("deploy.topics.acl").rules(settings, catalogue)
    import_module("deploy.topics").await_topics(settings, catalogue, rules[needs])
    with nullcontext() if shown_by else _observed(settings, needs):
        code = run(settings, *given)
    raise typer.Exit(code)
