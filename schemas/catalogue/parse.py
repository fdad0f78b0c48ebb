"""A file of catalogue entries as models: what a user adds to the built-in ones, or puts in their place."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.catalogue.follows import Follows
from schemas.catalogue.marked import Marked, MarkedError, Path, read_marked
from schemas.catalogue.model import InputSpec, Model, OutputSpec, Replicas
from schemas.catalogue.source import SOURCES, LocalFile
from schemas.errors import CatalogueError
from schemas.printable import SHOWN, printable, shown

REPLACES: Final = "replaces"
"""The field by which an entry says that it takes the place of a built-in one of its name."""
_SAID: Final = 400
_ENTRY: Final = "model"
_PARTS: Final[Mapping[Path, type[BaseModel]]] = {
    (): Model,
    ("follows",): Follows,
    ("input",): InputSpec,
    ("outputs",): OutputSpec,
    ("replicas",): Replicas,
    **{("source", kind): model for kind, model in SOURCES.items()},
}


def parse_entries(
    data: bytes, file: PurePath, builtin: Iterable[Model], *, families: Collection[str] | None = None
) -> tuple[Model, ...]:
    """The `builtin` models and those of `data`, which are the contents of `file`: a mapping with a list `models`.

    Local files are relative to the folder of `file`. An entry's family must be one of `families`, where they are given.

    Raises:
        CatalogueError: An entry is wrong; the message begins with the file and the line.
    """
    return tuple(_Entries(data, file, families).over({model.name: model for model in builtin}).values())


class _Entries:
    """The entries of one file, which all errors name."""

    def __init__(self, data: bytes, file: PurePath, families: Collection[str] | None) -> None:
        self._file = file
        self._families = families
        try:
            self._marked: Marked = read_marked(data)
        except MarkedError as error:
            raise self._error(error.line, str(error)) from None

    def over(self, models: Mapping[str, Model]) -> dict[str, Model]:
        """`models`, and this file's beside them or in their place."""
        result = dict(models)
        seen: dict[str, int] = {}
        paths: dict[str, Path] = {}
        for place, entry in enumerate(self._list()):
            path = ("models", str(place))
            line = self._marked.line(path)
            if not isinstance(entry, dict):
                raise self._error(line, f"{_ENTRY} {shown(entry)}: expected a mapping of fields, as name: helmets")
            replaces = entry.pop(REPLACES, False)
            model = self._model(entry, path)
            if model.name in seen:
                raise self._wrong(
                    (*path, "name"), model.name, f"there is one in line {seen[model.name]}; expected another name"
                )
            self._check_replaces(replaces, model.name, models, path)
            seen[model.name] = self._marked.line((*path, "name"))
            paths[model.name] = path
            result[model.name] = model
        for model in result.values():
            if model.follows is not None:
                self._check_follows(model, model.follows, result, paths)
        return result

    def _list(self) -> list[Any]:
        value = self._marked.value
        if value is None:
            return []
        if not isinstance(value, dict) or value.keys() != {"models"} or not isinstance(value["models"], list):
            stray = [key for key in value if key != "models"] if isinstance(value, dict) else []
            line = self._marked.line((stray[0],)) if stray else self._marked.line(("models",))
            what = f"field {shown(stray[0])}" if stray else shown(value)
            raise self._error(line, f"{what}: expected models: and a list of entries")
        found: list[Any] = value["models"]
        return found

    def _model(self, entry: dict[str, Any], path: Path) -> Model:
        entry = {"title": entry.get("name"), **entry}
        labels = entry.get("labels")
        if isinstance(labels, list):
            entry["labels"] = {str(number): label for number, label in enumerate(labels)}
        try:
            # As JSON, so that nothing is converted: text is no number, and yet a list may become a tuple.
            model = Model.model_validate_json(json.dumps(entry), strict=True)
        except ValidationError as error:
            raise self._explained(error, entry, path) from None
        if self._families is not None and model.family not in self._families:
            reason = f"family = {shown(model.family)}: expected one of {', '.join(self._families)}"
            raise self._wrong((*path, "family"), model.name, reason)
        if isinstance(model.source, LocalFile):
            source = model.source.model_copy(update={"file": str(self._file.parent / model.source.file)})
            return model.model_copy(update={"source": source})
        return model

    def _check_replaces(self, replaces: object, name: str, models: Mapping[str, Model], path: Path) -> None:
        if not isinstance(replaces, bool):
            raise self._wrong((*path, REPLACES), name, f"{REPLACES} = {shown(replaces)}: expected true or false")
        if name in models and not replaces:
            reason = f"a built-in model has this name; expected another name, or {REPLACES}: true to take its place"
            raise self._wrong((*path, "name"), name, reason)
        if replaces and name not in models:
            reason = f"{REPLACES} = True: there is no such built-in model; expected one of {', '.join(models)}"
            raise self._wrong((*path, REPLACES), name, reason)

    def _check_follows(
        self, model: Model, follows: Follows, models: Mapping[str, Model], paths: Mapping[str, Path]
    ) -> None:
        """Check whom `model` follows; a built-in one only as far as an entry of this file has changed that."""
        leader, path = models.get(follows.model), paths.get(model.name)
        place = "follows.model"
        if leader is None or leader is model:
            first = ", ".join(one.name for one in models.values() if one.follows is None)
            reason = f"{place} = {shown(follows.model)}: expected another model, one of {first}"
            raise self._wrong((*(path or ()), "follows", "model"), model.name, reason)
        if leader.follows is not None:
            reason = (
                f"{place} = {shown(leader.name)}: it follows {leader.follows.model} itself; expected a model that "
                "gets whole frames: there is no third stage"
            )
            raise self._wrong((*(path or paths[leader.name]), "follows", "model"), model.name, reason)
        unknown = [label for label in follows.labels if label not in leader.labels.values()]
        if unknown and path is not None:
            reason = f"follows.labels: {shown(unknown[0])}: expected labels of {leader.name}, "
            known = ", ".join(leader.labels.values())
            raise self._wrong((*path, "follows", "labels"), model.name, f"{reason}{printable(known, _SAID)}")

    def _explained(self, error: ValidationError, entry: Mapping[str, Any], path: Path) -> CatalogueError:
        detail = error.errors(include_url=False)[0]
        loc = tuple(str(part) for part in detail["loc"] if part != "[key]")
        # The kind of a source stands in pydantic's way to a field, and not in the file.
        where = ("source", *loc[2:]) if loc[:1] == ("source",) and len(loc) > 1 else loc
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        field = printable(".".join(where) or "fields", SHOWN)
        return self._wrong((*path, *where), entry.get("name", "(no name)"), f"{field}{_said(detail, loc)}{more}")

    def _wrong(self, path: Path, name: object, reason: str) -> CatalogueError:
        return self._error(self._marked.line(path), f"{_ENTRY} {shown(name)}: {reason}")

    def _error(self, line: int, reason: str) -> CatalogueError:
        return CatalogueError(f"{printable(str(self._file))}:{line}: {reason}")


def _said(detail: ErrorDetails, loc: Path) -> str:
    """What stood there, and what was expected."""
    part = _PARTS.get(loc[:-1])
    if detail["type"] == "missing":
        return " is missing: expected a value"
    if detail["type"] == "extra_forbidden" and part is not None:
        own = (REPLACES,) if part is Model else ()
        return f": unknown field; expected one of {', '.join((*part.model_fields, *own))}"
    return f" = {shown(detail['input'])}: {printable(detail['msg'].removeprefix('Value error, '), _SAID)}"
