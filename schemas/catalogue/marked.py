"""YAML as plain values that remember their lines: the part of it that JSON can say, in one document of bounded cost.

Only `true` and `false` are truth values, and dates are text, as in YAML 1.2: a label `no` stays what it is. So does
what has more digits than a number needs, as a sha256 may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import yaml

from schemas.printable import printable, shown

LIMIT_BYTES: Final = 1024 * 1024
_LIMIT_DEPTH: Final = 16
_TAG: Final = "tag:yaml.org,2002:"
_SAID: Final = 200

Path: TypeAlias = tuple[str, ...]
"""The way to a value: keys, and places in lists, as text."""


class MarkedError(ValueError):
    """What is wrong with the text, and in which line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Marked:
    """A document: its value, and the line of each part of it; that of the entry of a mapping is its key's."""

    value: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of the value at `path`, or of what would hold it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read_marked(data: bytes) -> Marked:
    """The one document in `data`.

    Raises:
        MarkedError: It is too large, no UTF-8, no YAML, or YAML of the kinds that are not taken: aliases, tags, keys
            that are twice there or no text.
    """
    if len(data) > LIMIT_BYTES:
        raise MarkedError(1, f"it has more than {LIMIT_BYTES} bytes; expected at most so many")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MarkedError(line, f"byte 0x{data[error.start]:02x} is no UTF-8; expected UTF-8 text") from None
    lines: dict[Path, int] = {}
    try:
        node = _Loader(text).get_single_node()
        value = _plain(node, (), lines) if node is not None else None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MarkedError(line, f"character {shown(chr(error.character))}: expected printable text") from None
    except yaml.MarkedYAMLError as error:
        said = ": ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        raise MarkedError(mark.line + 1 if mark else 1, printable(said, _SAID)) from None
    return Marked(value, {(): 1, **lines})


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Composes nodes and constructs nothing; an alias could make a short text large."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own attribute

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise _refused(event, f"alias *{event.anchor}: expected the value itself; aliases are not taken")
        self._depth += 1
        if self._depth > _LIMIT_DEPTH:
            raise _refused(event, f"values {_LIMIT_DEPTH} deep in each other: expected fewer")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"^(~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(r"^[-+]?[0-9]{1,18}$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    f"{_TAG}float",
    re.compile(r"^[-+]?(\.[0-9]{1,25}|[0-9]{1,18}(\.[0-9]{0,25})?)([eE][-+]?[0-9]{1,4})?$"),
    list("-+.0123456789"),
)
_SCALARS: Final[Mapping[str, Any]] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: text == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": float,
    f"{_TAG}str": str,
}


def _refused(at: Any, reason: str) -> yaml.MarkedYAMLError:  # noqa: ANN401
    return yaml.MarkedYAMLError(problem=reason, problem_mark=at.start_mark)


def _plain(node: Any, path: Path, lines: dict[Path, int]) -> Any:  # noqa: ANN401
    """The node's value; writes down its lines, but for those that its key has given it already."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        return [_plain(item, (*path, str(place)), lines) for place, item in enumerate(node.value)]
    construct = _SCALARS.get(node.tag) if isinstance(node, yaml.ScalarNode) else None
    if construct is None:
        raise _refused(node, f"tag {shown(node.tag)}: expected a value without one")
    try:
        return construct(node.value)
    except ValueError:
        raise _refused(node, f"{shown(node.value)}: expected what its tag {shown(node.tag)} says") from None


def _mapping(node: Any, path: Path, lines: dict[Path, int]) -> dict[str, Any]:  # noqa: ANN401
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _refused(key, "a key that is a list or a mapping: expected text")
        if key.value in found:
            first = lines[(*path, key.value)]
            raise _refused(key, f"key {shown(key.value)} is there twice, first in line {first}: expected it once")
        lines[(*path, key.value)] = key.start_mark.line + 1
        found[key.value] = _plain(value, (*path, key.value), lines)
    return found
