"""`framebus up`: everything on this machine until Ctrl-C, kept running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import err
from deploy.cli.options import OtherKafka, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def up(
    kafka: OtherKafka = None,
    data: Annotated[Path | None, typer.Option(file_okay=False, help="Where Kafka's data and the logs live.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The page's port.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model to run, once for each.")] = None,
) -> None:
    """Run capture, the API and a worker for each model, with a Kafka of their own or one that exists.

    The models are object-detection, face-detection and those of FRAMEBUS_CATALOGUE, or those asked for.

    Its own Kafka keeps its data, and listens where FRAMEBUS_BOOTSTRAP_SERVERS says (by default 127.0.0.1:9092), so
    that every other verb finds it there.
    """
    from deploy.cli.local import set_up, with_page_port  # noqa: PLC0415  # --help does without all of this
    from deploy.cli.up_run import check_address, run_up  # noqa: PLC0415
    from deploy.local.environment import state_dir  # noqa: PLC0415

    settings = with_page_port(read_settings(kafka), port)
    catalogue = read_catalogue(settings)
    models = tuple(dict.fromkeys(model or catalogue.usual))
    for name in models:
        follows = catalogue.get(name).follows
        if follows is not None and follows.model not in models:
            err.print(f"{name} follows {follows.model}, which has no worker here", style="yellow", soft_wrap=True)
    if kafka is None:
        check_address(settings)
    runtime, _ = set_up(settings, own_kafka=kafka is None, samples=False, models=models)
    run_up(settings, runtime, folder=data or state_dir() / "up", models=models)
