"""The documents' blocks of code, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[2]
SHELL: Final = "sh"
CONSOLE: Final = "console"
"""Commands after `$ `, and what they print."""

_TITLE: Final = re.compile(r'title="([^"]+)"')
_COMMENT: Final = re.compile(r"(?:^|\s+)# .*$")
_VARIABLE: Final = re.compile(r"\w+=")
_ENDS: Final = frozenset({"&&", "||", "|", ";", "(", ")", "&", "{", "}"})


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: `language` is None where it is indented, `title` the name of the file that it is."""

    document: str
    line: int
    language: str | None
    title: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a shell, with its continuations and without its comment."""

    document: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"

    def simple(self) -> list[list[str]]:
        """The words of each simple command in the line, without the variables that it is given."""
        lexer = shlex.shlex(self.text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        found: list[list[str]] = [[]]
        for word in lexer:
            if word in _ENDS:
                found.append([])
            elif found[-1] or not _VARIABLE.match(word):
                found[-1].append(word)
        return [words for words in found if words]


def documents() -> list[Path]:
    """Every Markdown file that people read, but for the history."""
    beside = (path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")
    return sorted([*beside, *(ROOT / "docs").rglob("*.md")])


def blocks(document: Path) -> Iterator[Block]:
    """The blocks of a document, in order."""
    name = str(document.relative_to(ROOT))
    for token in _tokens(document):
        if token.type in ("fence", "code_block") and token.map is not None:
            language, _, rest = token.info.strip().partition(" ")
            title = _TITLE.search(rest)
            fenced = token.type == "fence"
            first = token.map[0] + (2 if fenced else 1)
            yield Block(name, first, language if fenced else None, title[1] if title else None, token.content)


def spans(document: Path) -> Iterator[Command]:
    """The spans of code in a document's text, by the line on which their paragraph begins; decisions are history."""
    if document.parent.name == "decisions":
        return
    for token in _tokens(document):
        for child in token.children or ():
            if child.type == "code_inline" and token.map is not None:
                yield Command(str(document.relative_to(ROOT)), token.map[0] + 1, child.content)


def commands(document: Path) -> list[Command]:
    """The commands of a document, in order."""
    return [command for block in blocks(document) if block.language in (SHELL, CONSOLE) for command in _lines(block)]


def _lines(block: Block) -> Iterator[Command]:
    begun, text = 0, ""
    for number, line in enumerate(block.text.splitlines(), block.line):
        if block.language == CONSOLE and not text:
            if not line.startswith("$ "):
                continue
            line = line.removeprefix("$ ")  # noqa: PLW2901
        begun = begun if text else number
        text += _COMMENT.sub("", line)
        if text.endswith("\\"):
            text = text[:-1]
            continue
        if text.strip():
            yield Command(block.document, begun, " ".join(text.split()) if "'" not in text else text.strip())
        text = ""


@cache
def _tokens(document: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(document.read_text(encoding="utf-8"))
