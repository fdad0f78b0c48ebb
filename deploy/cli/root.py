"""The command's root: knows every verb by name, imports only the one that is called, and shows errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from schemas.errors import FramebusError

VERBS: Final = {
    "demo": "Run the main job on sample videos: Kafka, cameras, workers and the page.",
    "up": "Run everything on this machine until Ctrl-C, with its own Kafka or one that exists.",
    "restart": "Replace the services of a running `up` one after the other, losing nothing.",
    "run": "Run one service: capture, inference, api or a sink of results.",
    "camera": "List, add, edit, apply and remove cameras.",
    "model": "List, show, fetch, add, try and quantise models.",
    "result": "Follow results.",
    "frame": "Export a camera's frames with their results: COCO for training, a clip to look at.",
    "dead-letter": "Look at frames that could not be inferred, and send them again.",
    "topic": "Plan and apply the topics.",
    "simulate": "Try a scaling rule on arrivals: replicas, skips, recovery; no cluster needed.",
    "size": "Say what cameras need: bytes on Kafka's disks, and workers.",
    "token": "Make a token for the API, or a secret that a sink signs with.",
    "status": "Show cameras, models and their lag.",
    "audit": "Check that every frame has an outcome.",
    "doctor": "Say what this machine lacks, and the ways out.",
}
"""Every verb with its one line; its module is `deploy.cli.commands.<verb>`, where `app` is a Typer."""

ERROR_CODE: Final = 2


def module_of(verb: str) -> str:
    """The name of a verb's module."""
    return f"deploy.cli.commands.{verb.replace('-', '_')}"


class _LazyCommand(TyperCommand):
    """A verb that imports its module when it is called; until then it is a name and a line of help."""

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  # Typer keeps its click to itself
        module = import_module(module_of(self.name or ""))
        return get_command(module.app).make_context(*args, **extra)


class _Root(TyperGroup):
    def list_commands(self, ctx: object) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:
        return _LazyCommand(cmd_name, help=VERBS[cmd_name]) if cmd_name in VERBS else None


def build() -> typer.Typer:
    """The whole command line."""
    root = typer.Typer(cls=_Root, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @root.callback(help="Elastic video inference on Kafka: every frame has an address and an outcome.")
    def _root() -> None: ...

    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what Framebus itself reports is one red line and exit code 2, never a traceback."""
    try:
        get_command(build()).main(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="framebus")
    except FramebusError as error:
        _give_up(str(error))
    except ImportError as error:
        if "shared object" not in str(error):
            raise
        _give_up(f"{error}: a library of the system is missing; framebus doctor says which, and the ways out")


def _give_up(message: str) -> NoReturn:
    line = f"framebus: {' '.join(message.split())}"
    Console(stderr=True, emoji=False).print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(ERROR_CODE)
