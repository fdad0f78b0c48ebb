"""The page of the catalogue's entries: what a file of models may say, and the built-in ones."""

from __future__ import annotations

from typing import Final

from deploy.chart.values import ModelEntry
from deploy.reference.markdown import code, defined, fields, prose, table
from schemas.catalogue import Model
from schemas.catalogue.builtin import BUILTIN

_HEAD: Final = """\
# Catalogue entries

The file that `FRAMEBUS_CATALOGUE` names is YAML with a list of entries; `framebus model add` writes one, and
[a model of your own](../own-model.md) leads through it. `replaces: true` lets an entry take a built-in one's place.
What is wrong is said with its line.

"""


def page() -> str:
    """The page's text."""
    schema = ModelEntry.model_json_schema()
    definitions = schema["$defs"]
    rows = [
        [
            code(model.name),
            model.title,
            code(model.family),
            f"{model.input.width} × {model.input.height}",
            _what(model.labels),
        ]
        for model in BUILTIN
    ]
    return "\n".join(
        [
            _HEAD + "## An entry\n\n" + prose(Model.__doc__ or "") + "\n",
            fields(schema, definitions),
            defined(sorted(definitions), definitions, "##"),
            "## Built in\n",
            table(["model", "title", "family", "input", "labels"], rows),
        ]
    )


def _what(labels: dict[int, str]) -> str:
    names = list(labels.values())
    return ", ".join(names[:4]) + (f", … ({len(names)})" if len(names) > 4 else "")
