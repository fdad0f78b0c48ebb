"""`framebus run`: one service in this process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from prometheus_client import REGISTRY, CollectorRegistry

from deploy.catalogue import read_catalogue
from deploy.cli.options import Kafka, read_settings
from deploy.cli.push import pushing
from deploy.cli.service import serve_metrics, set_up_logging, tell_build
from deploy.cli.traces import tracing
from deploy.services import API, CAPTURE, SINK
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
    _run("api.service", kafka, needs=API, metrics="api.metrics", shows_itself=True, check=check)


@app.command()
def sink(  # noqa: PLR0913, PLR0917  # one parameter for each option
    name: Annotated[str, typer.Option("--name", help="Its consumer group; replicas of one sink share it.")],
    model: Annotated[list[str], typer.Option("--model", help="A model whose results go out; may be repeated.")],
    camera: Annotated[str | None, typer.Option(help="Only this camera's.")] = None,
    label: Annotated[str | None, typer.Option(help="Only with a detection of this label.")] = None,
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="Only with one of at least this score.")] = None,
    structured: Annotated[bool, typer.Option(help="CloudEvents' structured mode; else the binary one.")] = False,
    from_beginning: Annotated[bool, typer.Option(help="A new sink begins with the oldest result; else now.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=120, help="Seconds for one request.")] = 10.0,
    attempts: Annotated[int, typer.Option(min=1, help="Answers of 5xx after which a result is set aside.")] = 12,
    in_flight: Annotated[int, typer.Option(min=1, max=1000, help="The most requests at once.")] = 16,
    kafka: Kafka = None,
) -> None:
    """POST results as signed CloudEvents to FRAMEBUS_SINK_URL."""

    def give(catalogue: Catalogue) -> tuple[Any]:
        room = import_module("api.sink")
        wanted = room.ResultFilter(camera=camera, label=label, min_score=min_score)
        return (
            room.SinkOptions(
                name=name,
                models=tuple(catalogue.get(one).name for one in dict.fromkeys(model)),
                wanted=wanted,
                structured=structured,
                from_beginning=from_beginning,
                timeout_s=timeout,
                attempts=attempts,
                in_flight=in_flight,
            ),
        )

    def check(settings: Settings) -> None:
        import_module("api.sink.service").check(settings)

    known_as = f"{SINK}-{name}"
    _run("api.sink.service", kafka, needs=SINK, known_as=known_as, give=give, metrics="api.sink.metrics", check=check)


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


def _whole(catalogue: Catalogue) -> tuple[Catalogue]:
    return (catalogue,)


def _no_check(_: Settings) -> None: ...


@contextmanager
def _observed(settings: Settings, service: str, registry: CollectorRegistry) -> Iterator[None]:
    with tracing(settings, service), pushing(settings, service, registry):
        yield


def _run(
    module: str,
    kafka: str | None,
    *,
    needs: str,
    known_as: str | None = None,
    give: Callable[[Catalogue], tuple[Any, ...]] = _whole,
    metrics: str | None = None,
    shows_itself: bool = False,
    check: Callable[[Settings], None] = _no_check,
) -> None:
    settings = read_settings(kafka)
    catalogue = read_catalogue(settings)
    given = give(catalogue)
    service = known_as or needs
    set_up_logging(settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # until the service, which has something to finish, takes over
    # What takes long comes first: a broker that starts at the same time uses these seconds too.
    run: Callable[..., Any] = import_module(module).run
    check(settings)
    registry: CollectorRegistry = import_module(metrics).REGISTRY if metrics else REGISTRY
    tell_build(service, registry)
    if not shows_itself:
        serve_metrics(settings, registry)
    rules = import_module("deploy.topics.acl").rules(settings, catalogue)
    import_module("deploy.topics").await_topics(settings, catalogue, rules[needs])
    with nullcontext() if shows_itself else _observed(settings, service, registry):
        code = run(settings, *given)
    raise typer.Exit(code)
