"""`framebus audit`: every frame has an outcome, or its address is printed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from deploy.cli.console import out
from deploy.cli.options import Kafka, read_settings

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    model: Annotated[str | None, typer.Option("--model", help="Only this model's frames.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as JSON.")] = False,
    deadline: Annotated[float, typer.Option(help="Seconds to read in.")] = 120.0,
    kafka: Kafka = None,
) -> None:
    """Check that every frame has an outcome; exit code 1 if one has not."""
    from api.audit import Auditor  # noqa: PLC0415  # a Kafka client, which --help does without
    from api.audit_report import AuditReport, render  # noqa: PLC0415
    from schemas.catalogue import Catalogue  # noqa: PLC0415

    auditor = Auditor(read_settings(kafka), Catalogue(), model=model)
    try:
        auditor.refresh(deadline)
        balance = auditor.balance()
    finally:
        auditor.close()
    text = AuditReport.of(balance, at=datetime.now(UTC)).model_dump_json(indent=2) if as_json else render(balance)
    out.print(text, markup=False, soft_wrap=True)
    raise typer.Exit(0 if balance.is_clean else 1)
