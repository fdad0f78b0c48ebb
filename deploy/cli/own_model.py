"""A catalogue entry for a network of the user's own, from what its file says, and its place in a file of entries."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.catalogue import read_entries
from processors.families import Family, family_called, family_names
from processors.samples.cachefile import place, scratch_directory
from processors.samples.inspection import Inspected, inspect_network
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.write import append_entry
from schemas.errors import CatalogueError, ModelError
from schemas.printable import shown

_LIMIT_BYTES: Final = 1024 * 1024
_SIZE: Final = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})")


def describe(
    network: Path, family: str, *, name: str | None, labels: Path | None, size: str | None, beside: Path
) -> dict[str, Any]:
    """The fields of an entry for `network`, whose path is told from the folder of the file `beside`.

    Raises:
        CatalogueError: The labels or the size are wrong or needed.
        ModelError: There is no such family, or the network is not one of it.
    """
    if family not in family_names():
        raise ModelError(f"--family {shown(family)}: expected one of {', '.join(family_names())}")
    known = family_called(family)
    seen = inspect_network(network)
    width, height = _size(seen, size)
    names = _output_names(seen, family, known.outputs)
    shapes = {ours: seen.outputs[theirs] for ours, theirs in names.items()}
    others = {ours: theirs for ours, theirs in names.items() if ours != theirs}
    entry: dict[str, Any] = {
        "name": name or _name(network),
        "title": network.name,
        "family": family,
        "source": {"file": os.path.relpath(network.absolute(), beside.absolute().parent)},
        "labels": _labels(labels, family, known, seen.labels, known.count(shapes)),
        "input": {"width": width, "height": height, "layout": seen.layout, **known.input},
    }
    # Of one output there is no doubt: it needs no name of ours.
    return entry | ({"output_names": others} if others and len(names) > 1 else {})


def add_to(file: Path, entry: Mapping[str, Any]) -> None:
    """Write `entry` at the end of `file`, which is made if it is not there; a reader sees all of it or nothing.

    Raises:
        CatalogueError: The file is wrong or cannot be read, or the entry does not fit.
    """
    file = file.resolve()
    exists = file.exists()
    text = append_entry(read_entries(file) if exists else b"", file, entry, BUILTIN)
    with scratch_directory(file.parent) as scratch:
        written = scratch / file.name
        written.write_bytes(text)
        if exists:
            shutil.copymode(file, written)
        place(written, file)


def _name(network: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", network.stem.lower()).strip("-_")[:63].strip("-_") or "own"


def _size(seen: Inspected, size: str | None) -> tuple[int, int]:
    if size is None and seen.usual is not None and seen.width is None and seen.height is None:
        return seen.usual
    if size is None:
        if seen.width is None or seen.height is None:
            raise CatalogueError("--size: the network takes pictures of any size; expected one, as --size 640x480")
        return seen.width, seen.height
    match = _SIZE.fullmatch(size)
    if match is None:
        raise CatalogueError(f"--size {shown(size)}: expected WIDTHxHEIGHT, as 640x480")
    width, height = int(match[1]), int(match[2])
    if seen.width not in (None, width) or seen.height not in (None, height):
        raise CatalogueError(f"--size {size}: the network takes {seen.width}x{seen.height}; expected no other")
    return width, height


def _output_names(seen: Inspected, family: str, needed: tuple[str, ...]) -> dict[str, str]:
    """What the network calls the outputs of its family: the same, or something else in their order."""
    if set(needed) <= seen.outputs.keys():
        return {name: name for name in needed}
    if len(seen.outputs) != len(needed):
        there, expected = ", ".join(seen.outputs), ", ".join(needed)
        raise ModelError(f"family {family}: the network's outputs are {there}; expected {len(needed)}: {expected}")
    return dict(zip(needed, seen.outputs, strict=True))


def _labels(
    file: Path | None, family: str, known: Family, written: Mapping[int, str], count: int | None
) -> list[str] | dict[int, str]:
    """The labels of `file`, else those written in the network, else those that the family implies, else numbers."""
    if file is not None:
        labels = _read_labels(file)
        if count is not None and len(labels) != count:
            raise CatalogueError(f"--labels {file}: {len(labels)} labels; expected {count}, as the network has scores")
        return labels
    if known.labels:
        return dict(known.labels)
    if written and count in (None, len(written)):
        return dict(written)
    if count is None:
        raise CatalogueError(f"--labels: family {family} implies none; expected a file with a label in each line")
    return [f"class {number}" for number in range(count)]


def _read_labels(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            lines = stream.read(_LIMIT_BYTES).decode().rstrip().splitlines()
    except OSError as error:
        raise CatalogueError(f"--labels {file}: {error.strerror}; expected a file with a label in each line") from None
    except UnicodeDecodeError:
        raise CatalogueError(f"--labels {file}: it is no UTF-8; expected a file with a label in each line") from None
    labels = [line.strip() for line in lines]
    if not labels or not all(labels):
        raise CatalogueError(f"--labels {file}: a line is empty; expected a label in each, the first for class 0")
    return labels
