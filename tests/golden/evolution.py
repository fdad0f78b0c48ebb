"""The rules by which the contract may change from one release to the next, checked on JSON Schemas.

Readers of N read what N-1 wrote, and readers of N-1 read what N writes. So a field stays, keeps its type, its limits
and its default, and is always written where it always was; a new field is optional. A list of words may grow only where
the schema says that readers keep words that they do not know: `anyOf` of the list and of any word.

Whatever else differs is refused: it is for a person to show that it is harmless, and to teach it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_NOTES: Final = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})
_FIELDS: Final = frozenset({"properties", "required"})
_NESTED: Final = frozenset({"items", "additionalProperties", "propertyNames"})


def compare(old: Schema, new: Schema) -> list[str]:
    """What the change from `old` to `new` breaks, each with its place; nothing, when it keeps to the rules."""
    return list(_Comparison(old, new).problems(old, new, "record"))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old.get("$defs", {})
        self._new = new.get("$defs", {})

    def problems(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if (words := _words(old, self._old)) is not None:
            yield from self._list(words, old, new, where)
            return
        yield from self._fields(old, new, where)
        for key in sorted((old.keys() | new.keys()) - _NOTES - _FIELDS):
            yield from self._keyword(key, old.get(key), new.get(key), where)

    def _list(self, before: list[str], old: Schema, new: Schema, where: str) -> Iterator[str]:
        after = _words(new, self._new)
        if old.get("default") != new.get("default"):
            yield f"{where}: default was {old.get('default')!r} and is {new.get('default')!r}; expected it to stay"
        if after is None:
            yield f"{where}: was one of {', '.join(before)}; expected a list of words still"
            return
        if gone := [word for word in before if word not in after]:
            yield f"{where}: {', '.join(gone)} is gone; expected every word to stay"
        if (added := [word for word in after if word not in before]) and not _is_open(new, self._new):
            yield f"{where}: {', '.join(added)} is new; expected readers that keep words which they do not know"

    def _fields(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            place = f"{where}.{name}"
            if name not in after:
                yield f"{place}: is gone; expected every field to stay"
                continue
            if name in needed_before - needed_after:
                yield f"{place}: is optional now; readers of the old release expect it always"
            if name in needed_after - needed_before:
                yield f"{place}: is required now; records of the old release may lack it"
            yield from self.problems(before[name], after[name], place)
        for name in sorted(needed_after - before.keys()):
            yield f"{where}.{name}: is new and required; records of the old release lack it"

    def _keyword(self, key: str, old: Any, new: Any, where: str) -> Iterator[str]:
        if key in _NESTED and isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self.problems(old, new, f"{where}[]")
        elif key in {"anyOf", "prefixItems"} and old and new and len(old) == len(new):
            for number, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from self.problems(before, after, f"{where}[{number}]")
        elif old != new:
            yield f"{where}: {key} was {old!r} and is {new!r}; expected it to stay"


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """`schema` with the definition that it refers to in place of the reference."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**definitions[reference.removeprefix("#/$defs/")], **rest}


def _words(schema: Schema, definitions: Schema) -> list[str] | None:
    """The words that the schema lists, closed or open; None where it is no list of words."""
    if "enum" in schema:
        return list(schema["enum"])
    for choice in schema.get("anyOf", ()):
        if "enum" in (listed := _resolved(choice, definitions)):
            return list(listed["enum"])
    return None


def _is_open(schema: Schema, definitions: Schema) -> bool:
    """Whether readers keep words beyond those that are listed."""
    choices = [_resolved(choice, definitions) for choice in schema.get("anyOf", ())]
    return any(choice.get("type") == "string" and "enum" not in choice for choice in choices)
