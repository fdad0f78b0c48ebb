"""One more entry for a file of entries, which keeps what it has, comments included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final

from schemas.catalogue.marked import read_marked
from schemas.catalogue.model import Model
from schemas.catalogue.parse import parse_entries
from schemas.errors import CatalogueError
from schemas.printable import printable

_PLAIN: Final = re.compile(r"(?!(true|false|null)$)[A-Za-z][A-Za-z0-9_./-]*")
_HEAD: Final = "# Models beside the built-in ones: FRAMEBUS_CATALOGUE names this file.\nmodels:\n"


def append_entry(data: bytes, file: PurePath, entry: Mapping[str, Any], builtin: Iterable[Model]) -> bytes:
    """The contents `data` of `file`, which may be empty, with `entry` at their end.

    Raises:
        CatalogueError: The file is wrong, it is not written in a way that can be added to, or the entry does not fit.
    """
    known = tuple(builtin)
    before = parse_entries(data, file, known)
    text = data.decode("utf-8-sig")
    if text and not text.endswith("\n"):
        text += "\n"
    value = read_marked(data).value
    indent = "  " if value is None else _indent(data, text)
    if indent is None:
        place = f"{printable(str(file))}:1"
        raise CatalogueError(f"{place}: expected models: and below it a list with a - for each, to add an entry to")
    result = f"{text}{_HEAD if value is None else ''}{_written(entry, indent)}".encode()
    after = parse_entries(result, file, known)
    if after[: len(before)] != before or len(after) != len(before) + 1:
        raise CatalogueError(f"{printable(str(file))}: an entry at its end changes others; expected the list there")
    return result


def _indent(data: bytes, text: str) -> str | None:
    """What stands before the `-` of the first entry; None where there is no such line."""
    lines = read_marked(data).lines
    if ("models", "0") not in lines:
        return None
    line = text.splitlines()[lines[("models", "0")] - 1]
    match = re.match(r" *(?=- )", line)
    return match[0] if match else None


def _written(entry: Mapping[str, Any], indent: str) -> str:
    lines = [f"{key}: {_value(value)}" for key, value in entry.items()]
    return "".join(f"{indent}{'  ' if place else '- '}{line}\n" for place, line in enumerate(lines))


def _value(value: Any) -> str:  # noqa: ANN401
    """In one line; what YAML could take for something else is written as in JSON."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return json.dumps(value)
    return str(value)
