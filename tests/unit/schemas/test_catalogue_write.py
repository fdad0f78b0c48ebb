"""One more entry in a file of models, which keeps what it has."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

import pytest

from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.parse import parse_entries
from schemas.catalogue.write import append_entry
from schemas.errors import CatalogueError

FILE = PurePath("/srv/own.yaml")
ENTRY: dict[str, Any] = {
    "name": "own",
    "title": 'a "title": # {of} \u2028 ünusual\ttext',
    "family": "ssd",
    "source": {"file": "nets/my best.onnx"},
    "labels": ["no", "true", "null", "1", "~", "", "- a", "&b", "*c", "person"],
    "input": {"width": 32, "height": 32, "layout": "NCHW"},
    "output_names": {"boxes": "12"},
}
OTHER = "{name: first, family: ssd, source: {file: a.onnx}, labels: [a], input: {width: 1, height: 1}}"


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("", "# Models beside the built-in ones: FRAMEBUS_CATALOGUE names this file.\nmodels:\n  - name: own\n"),
        ("# mine\n", "models:\n  - name: own\n    title: "),
        (f"models:\n  - {OTHER}\n", "  - name: own\n    title: "),
        (f"models:\n- {OTHER}  # the first", "\n- name: own\n  title: "),
        (f"models:\n    - {OTHER}\n\n# the end\n", "    - name: own\n      title: "),
        (f"\ufeffmodels:\n  - {OTHER}\r\n", "  - name: own\n"),
    ],
)
def test_an_entry_is_added_to_what_is_there(before: str, added: str) -> None:
    after = append_entry(before.encode(), FILE, ENTRY, BUILTIN).decode()
    assert after.startswith(before.removeprefix("\ufeff"))
    assert added in after.removeprefix(before.removeprefix("\ufeff"))
    *others, own = parse_entries(after.encode(), FILE, BUILTIN)
    assert [model.name for model in others[len(BUILTIN) :]] == (["first"] if "first" in before else [])
    assert (own.name, own.title, list(own.labels.values())) == ("own", ENTRY["title"], ENTRY["labels"])
    assert (own.output_names, own.input.width) == ({"boxes": "12"}, 32)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (f"models: [{OTHER}]\n", "own.yaml:1: expected models: and below it a list with a - for each"),
        ("models: []\n", "own.yaml:1: expected models: and below it a list with a - for each"),
        (f"models:\n  - {OTHER.replace('first', 'own')}\n", "own.yaml:3: model 'own': there is one in line 2"),
        (f"models:\n  - {OTHER}\n...\n", "own.yaml:4: "),
        (f"models:\n  - {OTHER.replace('ssd', 'X')}\n", "own.yaml:2: model 'first': family = 'X'"),
        ("\n\nmodels: 1", "own.yaml:3: {'models': 1}"),
    ],
)
def test_what_cannot_be_added_to_is_refused(before: str, says: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(says)):
        append_entry(before.encode(), FILE, ENTRY, BUILTIN)


def test_a_built_in_name_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"own\.yaml:3: model 'face-detection': a built-in model has this name"):
        append_entry(b"", FILE, {**ENTRY, "name": "face-detection"}, BUILTIN)
