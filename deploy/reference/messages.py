"""The page of the messages: topics, the records in them, their fields, with examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from deploy.reference.markdown import defined, example, fields, prose, table
from schemas.contract import files

_HEAD: Final = """\
# Messages

Every record's schema is in [`schemas/json`](../../schemas/json), an example of each in
[`schemas/examples`](../../schemas/examples). Names of topics begin with `FRAMEBUS_PREFIX` (`framebus.`). A reader
ignores fields that it does not know; [upgrading](../upgrading.md#what-is-promised-between-n1-and-n) has the rules.

"""
_TOPICS: Final = (
    ("frames.MODEL", "camera", ("frame.headers",), "JPEG; everything else is in the headers"),
    ("results.MODEL", "camera", ("result", "result.headers"), "one record for each inferred frame"),
    (
        "captures",
        "camera",
        ("capture-claim", "capture-counts", "crop-counts"),
        "who runs a camera, and what became of its pictures",
    ),
    ("skips", "model", ("skip",), "frames that were left out, and why"),
    ("dead-letters", "camera", ("dead-letter.headers",), "the original value of a frame that could not be inferred"),
    ("redrives", "model", ("redrive",), "dead letters that were sent again"),
    ("cameras", "camera", ("camera",), "what is wanted; a record without a value removes one"),
    ("camera-status", "camera", ("camera-status",), "how each is doing"),
)
"""Each topic: its key, the records in it, and what they are."""


def page() -> str:
    """The page's text."""
    written = files()
    schemas = {_name(path): json.loads(text) for path, text in written.items() if path.startswith("json/")}
    examples = {_name(path): text for path, text in written.items() if path.startswith("examples/")}
    definitions = {key: value for schema in schemas.values() for key, value in schema.get("$defs", {}).items()}
    rows = [
        [f"`{topic}`", key, ", ".join(f"[{one}](#{one.replace('.', '')})" for one in records), text]
        for topic, key, records, text in _TOPICS
    ]
    parts = [_HEAD + "## Topics\n", table(["topic", "key", "records", "what"], rows)]
    for name, schema in schemas.items():
        parts += [f"## {name}\n", prose(schema.get("description", "")) + "\n", fields(schema, definitions)]
        if name in examples:
            parts.append(example(json.loads(examples[name])))
    parts += ["## Parts of messages\n", defined(sorted(definitions), definitions, "###")]
    return "\n".join(parts)


def _name(path: str) -> str:
    return Path(path).name.removesuffix(".json").removesuffix(".schema")
