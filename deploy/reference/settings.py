"""The page of the settings."""

from __future__ import annotations

from deploy.reference.markdown import code, kind, prose, shown, table
from schemas.settings import ENVIRONMENT_PREFIX, SECRETS, Settings

_HEAD = """\
# Settings

Every service and verb reads these variables of its environment, once. A variable with our prefix that is not known, or
whose value is not what it expects, is an error that names it. A secret may be in a file instead, which
`FRAMEBUS_…_FILE` names.

"""


def page() -> str:
    """The page's text."""
    schema = Settings.model_json_schema()
    definitions = schema.get("$defs", {})
    rows = [
        [
            code(f"{ENVIRONMENT_PREFIX}{name.upper()}"),
            prose(one.get("description", "")),
            "secret" if name in SECRETS else kind(one, definitions),
            shown(one.get("default")),
        ]
        for name, one in schema["properties"].items()
    ]
    return _HEAD + table(["variable", "meaning", "is", "by default"], rows)
