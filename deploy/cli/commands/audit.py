"""`framebus audit`: every frame has an outcome, or its address is printed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import out
from deploy.cli.options import Kafka, reach_kafka
from schemas.errors import WindowError
from schemas.window import HELD, MOMENT, Window

app = typer.Typer(add_completion=False)

Since = Annotated[
    str | None,
    typer.Option(
        metavar="AGE|TIME",
        help=f"Only frames that the broker appended then or later: {MOMENT}. {HELD}",
    ),
]
Until = Annotated[
    str | None, typer.Option(metavar="AGE|TIME", help="Only frames that the broker appended before; as --since.")
]


@app.command()
def audit(
    model: Annotated[str | None, typer.Option("--model", help="Only this model's frames.")] = None,
    since: Since = None,
    until: Until = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Audit again and again until Ctrl-C; exit code 1 if it then was not clean.")
    ] = False,
    interval: Annotated[float, typer.Option(min=0.1, help="With --watch: seconds from one audit to the next.")] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole report as JSON; with --watch one report a line.")
    ] = False,
    deadline: Annotated[float, typer.Option(help="Seconds to read in.")] = 120.0,
    kafka: Kafka = None,
) -> None:
    """Check that every frame has an outcome; exit code 1 if one has not."""
    from api.audit.auditor import Auditor  # noqa: PLC0415  # a Kafka client, which --help does without
    from api.audit.report import AuditReport, render  # noqa: PLC0415
    from deploy.cli.audit_watch import AuditWatch  # noqa: PLC0415

    if watch and until is not None:
        raise WindowError(f"until = {until!r} with --watch: expected --since alone; what is watched has no end")
    window = Window.parse(since, until, now=datetime.now(UTC))
    settings = reach_kafka(kafka)
    auditor = Auditor(settings, read_catalogue(settings), model=model, window=window)
    try:
        if watch:
            raise typer.Exit(AuditWatch(auditor, window=window, as_json=as_json).run(interval, deadline))
        auditor.refresh(deadline)
        balance = auditor.balance()
    finally:
        auditor.close()
    report = AuditReport.of(balance, at=datetime.now(UTC), window=window)
    text = report.model_dump_json(indent=2) if as_json else render(balance, window)
    out.print(text, markup=False, soft_wrap=True)
    raise typer.Exit(0 if balance.is_clean else 1)
