"""`framebus topic`: what the topics should be, who may do what with them, and making it so."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import topics
from deploy.catalogue import read_catalogue
from deploy.cli.console import out
from deploy.cli.options import Kafka, read_settings
from deploy.topics.acl import Acl, acl_plan
from schemas.errors import SettingsError
from schemas.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Plan and apply the topics, and who may use them.")
acl = typer.Typer(no_args_is_help=True, help="Plan and apply what each service may do: the least that it needs.")
app.add_typer(acl, name="acl")

Principals = Annotated[
    list[str] | None,
    typer.Option("--principal", metavar="SERVICE=User:NAME", help="Who a service is, else User:framebus-SERVICE."),
]


@app.command()
def plan(kafka: Kafka = None) -> None:
    """Show what `apply` would change; exit code 1 if anything."""
    settings = read_settings(kafka)
    changes = topics.changes(settings, read_catalogue(settings))
    _show(changes, "the topics are as planned")
    raise typer.Exit(1 if changes else 0)


@app.command()
def apply(kafka: Kafka = None) -> None:
    """Create, grow and alter topics until they are as planned."""
    settings = read_settings(kafka)
    _show(topics.apply(settings, read_catalogue(settings)), "nothing to do: the topics are as planned")


@acl.command("plan")
def plan_acl(
    kafka: Kafka = None,
    principal: Principals = None,
    commands: Annotated[
        bool, typer.Option("--commands", help="Print kafka-acls.sh command lines; the cluster is not asked.")
    ] = False,
) -> None:
    """Show what each service needs and the cluster does not allow; exit code 1 if anything."""
    from deploy.topics.acl_cluster import missing_acls  # noqa: PLC0415  # --commands does without a cluster

    settings = read_settings(kafka)
    planned = _planned(settings, principal)
    if commands:
        for one in planned:
            out.print(one.command(settings.bootstrap_servers), markup=False, highlight=False, soft_wrap=True)
        return
    missing = missing_acls(settings, planned)
    _show_acls(missing, f"all {len(planned)} rules are there")
    raise typer.Exit(1 if missing else 0)


@acl.command("apply")
def apply_acl(kafka: Kafka = None, principal: Principals = None) -> None:
    """Add the rules that are missing; none is taken away."""
    from deploy.topics.acl_cluster import apply_acls  # noqa: PLC0415

    settings = read_settings(kafka)
    planned = _planned(settings, principal)
    _show_acls(apply_acls(settings, planned), f"nothing to do: all {len(planned)} rules are there")


def _planned(settings: Settings, given: list[str] | None) -> list[Acl]:
    principals = {}
    for entry in given or []:
        service, _, principal = entry.partition("=")
        kind, _, name = principal.partition(":")
        if not (kind and name):
            raise SettingsError(f"--principal {entry!r}: expected SERVICE=User:NAME")
        principals[service] = principal
    return acl_plan(settings, read_catalogue(settings), principals)


def _show(changes: list[topics.Change], otherwise: str) -> None:
    for change in changes:
        out.print(str(change), markup=False, soft_wrap=True)
    if not changes:
        out.print(otherwise)


def _show_acls(acls: list[Acl], otherwise: str) -> None:
    for one in acls:
        out.print(f"allow {one}", markup=False, highlight=False, soft_wrap=True)
    if not acls:
        out.print(otherwise)
