"""Markdown of which tables of the reference are made, and what a JSON Schema says in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_LONGEST = 60


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a cell's lines become one, and what would end a cell is escaped."""
    lines = [head, ["---"] * len(head), *([cell(text) for text in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(text: str) -> str:
    """A text that may stand in a table."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def code(text: object) -> str:
    """A span of code; nothing where there is nothing to show."""
    return f"`{text}`" if f"{text}" else ""


def fenced(text: str, language: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def example(value: object) -> str:
    """A block of JSON, in which a list of numbers or of words takes one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return fenced(re.sub(r"\[\n[^\[\]{}]*\n *\]", lambda match: _joined(match[0]), text), "json")


def _joined(lines: str) -> str:
    first, *rest, last = (line.strip() for line in lines.splitlines())
    return f"{first}{' '.join(rest)}{last}"


def prose(text: str) -> str:
    """A docstring as it is told: paragraphs on one line each."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def kind(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        target = definitions.get(name, {})
        return kind(target, definitions) if "properties" not in target else f"[{name}](#{anchor(name)})"
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            kinds = [kind(one, definitions) for one in schema[key]]
            return " or ".join(dict.fromkeys(one for one in kinds if one != "null"))
    return _plain(schema, definitions)


def _plain(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    match schema.get("type"):
        case "array":
            items = schema.get("prefixItems")
            if items:
                return f"[{', '.join(kind(one, definitions) for one in items)}]"
            return f"list of {kind(schema.get('items', {}), definitions)}"
        case "object":
            values = schema.get("additionalProperties")
            return f"mapping to {kind(values, definitions)}" if isinstance(values, dict) and values else "mapping"
        case None:
            return "anything"
        case "string" if "format" in schema:
            return str(schema["format"])
        case name:
            bounds = [text.format(f"{schema[key]:,}") for key, text in _BOUNDS.items() if key in schema]
            return " ".join([str(name), *bounds])


def fields(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """The table of an object's fields: name, what it may be, what it is when it is not given, what it means."""
    required = set(schema.get("required", ()))
    properties: Mapping[str, Schema] = schema.get("properties", {})
    explained = any("description" in one for one in properties.values())
    rows = [
        [
            code(name),
            *([prose(one.get("description", ""))] if explained else []),
            kind(one, definitions),
            "needed" if name in required else shown(one.get("default")),
        ]
        for name, one in properties.items()
    ]
    return table(["field", *(["meaning"] if explained else []), "is", "by default"], rows)


def shown(default: object) -> str:
    """A default; none where there is nothing to show, and shortened where it is long."""
    if default is None:
        return "–"
    text = default if isinstance(default, str) and default else json.dumps(default, ensure_ascii=False)
    return code(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def anchor(heading: str) -> str:
    """The anchor of a heading, as forges and the site make it."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def defined(used: Iterable[str], definitions: Mapping[str, Schema], level: str) -> str:
    """A section for each definition that has fields."""
    parts = []
    for name in used:
        schema = definitions[name]
        if "properties" in schema:
            text = prose(schema.get("description", ""))
            parts.append(f"{level} {name}\n\n{text}\n\n{fields(schema, definitions)}")
    return "\n".join(parts)
