"""The page of the chart's values: what each takes, and `values.yaml`, which says what each means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from deploy.chart.schema import CHART, text
from deploy.reference.markdown import Schema, code, fenced, kind, prose, shown, table

_HEAD: Final = """\
# Values of the chart

`values.schema.json` refuses a value that is not here. [Kubernetes](../kubernetes.md) leads through an installation,
[scaling](../scaling.md) has the reason for each number.

"""


def page() -> str:
    """The page's text."""
    schema = json.loads(text())
    file = (CHART / "values.yaml").read_text(encoding="utf-8")
    defaults = yaml.safe_load(file)
    parts = [_HEAD]
    for name, one in schema["properties"].items():
        target = _target(one, schema["$defs"])
        rows = list(_values(name, one, defaults.get(name), schema["$defs"]))
        parts.append(
            f"## {name}\n\n{prose(target.get('description', ''))}\n\n{table(['value', 'is', 'by default'], rows)}"
        )
    parts.append("## values.yaml\n\nEvery value as the chart has it, with what it means.\n\n" + fenced(file, "yaml"))
    return "\n".join(parts)


def _target(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _values(path: str, schema: Schema, default: Any, definitions: Mapping[str, Schema]) -> Iterator[list[str]]:  # noqa: ANN401  # YAML
    target = _target(schema, definitions)
    if "properties" not in target:
        yield [code(path), _kind(target, definitions), shown(default)]
        return
    for name, one in target["properties"].items():
        below = default.get(name) if isinstance(default, dict) else None
        yield from _values(f"{path}.{name}", one, below, definitions)


def _kind(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """As `kind`, without links: an entry's fields are on pages of their own."""
    items = schema.get("items") or schema.get("additionalProperties")
    if isinstance(items, dict) and "$ref" in items:
        name = items["$ref"].rpartition("/")[2]
        known = {
            "ModelEntry": "[catalogue entries](catalogue.md#an-entry)",
            "CameraEntry": "[cameras](messages.md#camera)",
        }
        many = "list of" if "items" in schema else "mapping to"
        return f"{many} {known.get(name, 'the same values')}"
    return kind(schema, definitions)
