"""Blocks and spans of code: each says what it is, and what can be checked without running it holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest
import typer
import yaml

from deploy.reference.command import verbs
from tests.documents.blocks import CONSOLE, ROOT, SHELL, Command, blocks, commands, documents, spans

LANGUAGES: Final = {
    SHELL,
    CONSOLE,
    "html",
    "http",
    "javascript",
    "json",
    "nginx",
    "python",
    "text",
    "typescript",
    "yaml",
}
NAMES: Final = [str(path.relative_to(ROOT)) for path in documents()]
MAKEFILE: Final = (ROOT / "Makefile").read_text()
OURS: Final = re.compile(r"(api|deploy|docs|processors|producers|schemas|tests)/")
TARGETS: Final = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))

every_document = pytest.mark.parametrize("document", documents(), ids=NAMES)


@every_document
def test_every_block_is_fenced_and_says_its_language(document: Path) -> None:
    wrong = [(block.line, block.language) for block in blocks(document) if block.language not in LANGUAGES]
    assert wrong == []


@every_document
def test_python_and_yaml_can_be_read(document: Path) -> None:
    for block in blocks(document):
        if block.language == "python":
            ast.parse(block.text)
        elif block.language == "yaml":
            yaml.safe_load(block.text)


@every_document
def test_every_framebus_that_is_shown_parses(document: Path) -> None:
    for command in [*commands(document), *(span for span in spans(document) if span.text.startswith("framebus "))]:
        for words in command.simple():
            if words[0] == "framebus":
                parse(words[1:], command)


@every_document
def test_every_make_that_is_shown_has_its_target_and_its_variables(document: Path) -> None:
    for command in [*commands(document), *(span for span in spans(document) if span.text.startswith("make "))]:
        for words in command.simple():
            if words[0] == "make":
                targets = [word for word in words[1:] if "=" not in word]
                assert targets and set(targets) <= TARGETS, command
                for variable in {word.partition("=")[0] for word in words[1:]} - set(targets):
                    assert f"$({variable})" in MAKEFILE or f"$(if $({variable})" in MAKEFILE, command


@every_document
def test_every_file_of_ours_that_a_command_names_is_there(document: Path) -> None:
    for command in commands(document):
        for words in command.simple():
            assert [word for word in words if OURS.match(word) and not (ROOT / word).exists()] == [], command


def parse(words: list[str], command: Command) -> None:
    """Read a command line as Typer does, without what the values mean: every verb, option and argument is known."""
    known = [verb for verb in verbs() if tuple(words[: len(verb.words)]) == verb.words]
    if not known:
        groups = {verb.words[:depth] for verb in verbs() for depth in range(len(verb.words) + 1)}
        assert tuple(words) in groups or words[0].startswith("--") or not words[0].islower(), command
        return
    verb = max(known, key=lambda one: len(one.words))
    parser = verb.command.make_parser(typer.Context(verb.command))
    parser.parse_args(args=words[len(verb.words) :])


def test_a_verb_or_an_option_that_does_not_exist_is_found() -> None:
    with pytest.raises(Exception, match="--no-such"):
        parse(["camera", "add", "door", "--no-such"], Command("a.md", 1, ""))
    with pytest.raises(AssertionError, match=r"a\.md"):
        parse(["camera", "ad", "door"], Command("a.md", 1, ""))
