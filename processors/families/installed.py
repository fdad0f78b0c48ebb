"""Families that installed distributions bring, by the entry points of a group: loaded when a model asks for one.

In a distribution's pyproject.toml, for a `Family` called FAMILY in the module `dogs.noses`:

    [project.entry-points."framebus.families"]
    dog-noses = "dogs.noses:FAMILY"
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from processors.families.family import Family
from schemas.errors import ModelError

GROUP: Final = "framebus.families"


def installed_names() -> tuple[str, ...]:
    """What they are called, in order."""
    return tuple(sorted(entry_points(group=GROUP).names))


def installed_family(name: str, *, builtin: bool) -> Family | None:
    """The installed family called `name`, if there is one; `builtin`: one of ours has this name.

    Raises:
        ModelError: It cannot be loaded, it is no `Family`, or somebody else's has this name too.
    """
    found = tuple(entry_points(group=GROUP, name=name))
    places = [*(["Framebus itself"] if builtin else []), *map(_place, found)]
    if found and len(places) > 1:
        raise ModelError(f"family {name!r} is in {' and in '.join(places)}; expected it in one of them")
    return _load(found[0]) if found else None


def _load(entry: EntryPoint) -> Family:
    try:
        family = entry.load()  # a module is imported once, so that this is the same object every time
    except Exception as error:  # whatever it is: the module is anybody's
        raise ModelError(f"family {entry.name!r} of {_place(entry)} cannot be loaded: {error!r}") from error
    if not isinstance(family, Family):
        raise ModelError(f"family {entry.name!r} of {_place(entry)} is a {type(family).__name__}; expected a Family")
    return family


def _place(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version} ({entry.value})" if entry.dist else entry.value
