"""The page of the command line: every verb with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeAlias

import typer
from typer.main import get_command

from deploy.cli.root import VERBS, module_of
from deploy.reference.markdown import code, prose, table

Command: TypeAlias = Any
"""A command of the click that Typer keeps to itself."""

_HEAD: Final = """\
# The command

`framebus VERB --help` says the same. What Framebus itself reports is one line on standard error and exit code 2.

"""


@dataclass(frozen=True, slots=True)
class Verb:
    """One command that can be called, by its words after `framebus`."""

    words: tuple[str, ...]
    command: Command

    @property
    def parameters(self) -> list[Any]:
        """Its arguments and options, but for `--help`."""
        return [one for one in self.command.params if one.name != "help" and not one.hidden]


def verbs() -> Iterator[Verb]:
    """Every verb and what is below it, in the order of the help."""
    for name in VERBS:
        yield from _below((name,), get_command(import_module(module_of(name)).app))


def _below(words: tuple[str, ...], command: Command) -> Iterator[Verb]:
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield Verb(words, command)
    for name, one in below.items():
        yield from _below((*words, name), one)


def page() -> str:
    """The page's text."""
    listed = table(["verb", "does"], [[f"[`{name}`](#framebus-{name})", line] for name, line in VERBS.items()])
    return _HEAD + listed + "".join(_section(name) for name in VERBS)


def _section(name: str) -> str:
    parts = [f"\n## framebus {name}\n"]
    below = [verb for verb in verbs() if verb.words[0] == name]
    if len(below) > 1:
        parts.append(f"\n{VERBS[name]}\n")
    for verb in below:
        if len(verb.words) > 1:
            parts.append(f"\n### framebus {' '.join(verb.words)}\n")
        parts.append(f"\n{prose(verb.command.help or '')}\n")
        if verb.parameters:
            rows = [_row(verb, parameter) for parameter in verb.parameters]
            parts.append("\n" + table(["argument or option", "meaning"], rows))
    return "".join(parts)


def _row(verb: Verb, parameter: Any) -> list[str]:  # noqa: ANN401  # as Command
    name, help_text = parameter.get_help_record(typer.Context(verb.command))
    return [code(name), prose(help_text)]
