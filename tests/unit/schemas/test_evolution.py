"""The rules for changing the contract, on tables, and the contract of now against every release's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import schemas
from tests.golden import store
from tests.golden.evolution import compare

NOW = {path.name: json.loads(path.read_text()) for path in (Path(schemas.__file__).parent / "json").iterdir()}
WORD = {"type": "string", "pattern": "^[a-z]+$"}


def of(required: tuple[str, ...] = ("a",), /, **properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def words(*listed: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(listed)}


def open_words(*listed: str) -> dict[str, Any]:
    return {"anyOf": [words(*listed), WORD]}


NUMBER = {"type": "integer", "minimum": 0}
DEFINED = {"$defs": {"Number": NUMBER}, **of(a={"$ref": "#/$defs/Number"})}

ALLOWED = [
    ("nothing", of(a=NUMBER), of(a=NUMBER)),
    ("another title", of(a=NUMBER), of(a={**NUMBER, "title": "A", "description": "the first"})),
    ("a new optional field", of(a=NUMBER), of(a=NUMBER, b=WORD)),
    ("a list of words opened", of(a=words("x")), of(a=open_words("x"))),
    ("a word more in an open list", of(a=open_words("x")), of(a=open_words("x", "y"))),
    ("opened and grown at once", of(a=words("x")), of(a=open_words("x", "y"))),
    ("a definition in place of its text", of(a=NUMBER), DEFINED),
    ("words as a map's keys", of(a={"propertyNames": words("x")}), of(a={"propertyNames": open_words("x", "y")})),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in ALLOWED], ids=[case[0] for case in ALLOWED])
def test_what_readers_of_both_releases_can_live_with(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert compare(old, new) == []


REFUSED = [
    ("a field is gone", of(a=NUMBER, b=WORD), of(a=NUMBER), "record.b: is gone"),
    ("a field is renamed", of(a=NUMBER), of(b=NUMBER), "record.a: is gone"),
    ("a new field is required", of(a=NUMBER), of(("a", "b"), a=NUMBER, b=WORD), "record.b: is new and required"),
    ("an optional field is required", of(a=NUMBER, b=WORD), of(("a", "b"), a=NUMBER, b=WORD), "record.b: is required"),
    ("a required field is optional", of(a=NUMBER), of((), a=NUMBER), "record.a: is optional now"),
    ("another type", of(a=NUMBER), of(a={"type": "number", "minimum": 0}), "record.a: type was 'integer'"),
    ("null besides", of(a=NUMBER), of(a={"anyOf": [NUMBER, {"type": "null"}]}), "record.a: anyOf was None"),
    ("a higher least", of(a=NUMBER), of(a={**NUMBER, "minimum": 1}), "record.a: minimum was 0 and is 1"),
    ("a limit where none was", of(a=NUMBER), of(a={**NUMBER, "maximum": 9}), "record.a: maximum was None and is 9"),
    ("another pattern", of(a=WORD), of(a={**WORD, "pattern": "^[a-m]+$"}), "record.a: pattern was"),
    ("another default", of((), a={"default": 1}), of((), a={"default": 2}), "record.a: default was 1 and is 2"),
    ("another constant", of(a={"const": "x.v1"}), of(a={"const": "x.v2"}), "record.a: const was 'x.v1'"),
    ("a word more in a closed list", of(a=words("x")), of(a=words("x", "y")), "record.a: y is new"),
    ("a word less", of(a=open_words("x", "y")), of(a=open_words("x")), "record.a: y is gone"),
    ("no list any more", of(a=words("x")), of(a=WORD), "record.a: was one of x"),
    (
        "another default word",
        of((), a={**words("x"), "default": "x"}),
        of((), a=words("x")),
        "record.a: default was 'x'",
    ),
    ("deep in a list", of(a={"items": of(a=NUMBER)}), of(a={"items": of(a=WORD)}), "record.a[].a: type was"),
    ("in a pair", of(a={"prefixItems": [NUMBER]}), of(a={"prefixItems": [WORD]}), "record.a[0]: type was"),
    ("in a definition", DEFINED, {**DEFINED, "$defs": {"Number": WORD}}, "record.a: type was"),
    ("no more fields", of(a=NUMBER), {**of(a=NUMBER), "additionalProperties": False}, "record: additionalProperties"),
]


@pytest.mark.parametrize(("old", "new", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_would_break_a_reader_is_named(old: dict[str, Any], new: dict[str, Any], words: str) -> None:
    found = compare(old, new)
    assert any(problem.startswith(words) for problem in found), found


@pytest.mark.parametrize("release", store.releases(), ids=lambda path: path.name)
def test_the_contract_has_changed_by_the_rules_since(release: Path) -> None:
    frozen = store.schemas(release)
    assert frozen
    problems = [
        f"{name}: {problem}"
        for name, schema in frozen.items()
        for problem in (compare(schema, NOW[name]) if name in NOW else ["the schema is gone; expected it to stay"])
    ]
    assert problems == []
