"""Every page of the reference by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from deploy.reference import catalogue, chart, command, messages, rest, settings

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs/reference"

_INDEX: Final = """\
# Reference

Written by `make schemas` from the code; a test fails where a page is out of date, or where an option, a setting or a
parameter has no word of explanation.

| page | from |
| --- | --- |
| [The command](command.md): every verb and option | `framebus --help` |
| [Settings](settings.md): every `FRAMEBUS_…` variable | `schemas/settings.py` |
| [Catalogue entries](catalogue.md): what a file of models may say | `schemas/catalogue` |
| [Messages](messages.md): every topic, its records, their fields, examples | `schemas/json`, `schemas/examples` |
| [REST](rest.md): every route, its parameters, answers and problems | `/openapi.json` |
| [Values of the chart](chart.md) | `values.schema.json`, `values.yaml` |
| [Metrics](../observability.md#metrics), recording rules and alerts | the services' registries |
"""


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    return {
        "index.md": _INDEX,
        "command.md": command.page(),
        "settings.md": settings.page(),
        "catalogue.md": catalogue.page(),
        "messages.md": messages.page(),
        "rest.md": rest.page(),
        "chart.md": chart.page(),
    }
