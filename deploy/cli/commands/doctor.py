"""`framebus doctor`: what this machine lacks, and the ways out."""

from __future__ import annotations

import typer

from deploy.cli.console import out
from deploy.cli.options import OtherKafka, read_settings

app = typer.Typer(add_completion=False)

_MARKS = {"ok": "[green]ok     [/]", "later": "[yellow]later  [/]", "missing": "[red]missing[/]"}


@app.command()
def doctor(kafka: OtherKafka = None) -> None:
    """Say what this machine has and lacks; exit code 1 if something is missing."""
    from deploy.local.doctor import State, examine  # noqa: PLC0415  # the Kafka client, which --help does without

    checks = examine(read_settings(kafka), own_kafka=kafka is None)
    for check in checks:
        out.print(f"{_MARKS[check.state.value]} [bold]{check.name}[/] {check.found}", soft_wrap=True)
        if check.ways_out:
            out.print(f"        ways out: {check.ways_out}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if any(check.state is State.MISSING for check in checks) else 0)
