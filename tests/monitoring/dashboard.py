"""The queries of the Grafana dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "deploy" / "helm" / "framebus" / "files" / "dashboards" / "framebus.json"
CONTENT: dict[str, Any] = json.loads(FILE.read_text())
PANELS: list[dict[str, Any]] = [panel for panel in CONTENT["panels"] if panel["type"] != "row"]
VARIABLES: dict[str, dict[str, Any]] = {one["name"]: one for one in CONTENT["templating"]["list"]}
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


def queries() -> Iterator[tuple[str, str]]:
    """Every panel's queries, with the panel's title; variables stand in them by their names."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def for_all(expression: str) -> str:
    """The query with every variable at “All”."""
    return re.sub(r"\$\w+", ".*", expression)


def label_values(variable: str) -> tuple[str, str]:
    """The selector and the label that a variable takes its values from."""
    found = _LABEL_VALUES.fullmatch(VARIABLES[variable]["definition"])
    assert found, variable
    return found[1], found[2]
