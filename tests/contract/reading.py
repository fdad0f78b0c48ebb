"""Reads the AsyncAPI document, and says which of its messages a record is."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

import schemas

FOLDER = Path(schemas.__file__).parent
FILE = FOLDER / "asyncapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
OFFICIAL: dict[str, Any] = json.loads((Path(__file__).parent / "asyncapi-3.0.0.schema.json").read_text())
PREFIX = "framebus."


def resolve(node: Any) -> Any:
    """What a reference leads to, in the document or in a file beside it; anything else as it is."""
    if not (isinstance(node, dict) and "$ref" in node):
        return node
    file, _, pointer = node["$ref"].partition("#")
    found: Any = json.loads((FOLDER / file).read_text()) if file else DOCUMENT
    for step in pointer.split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return resolve(found)


def channel_of(topic: str, prefix: str) -> str:
    """The channel that a topic of an installation is."""
    (found,) = [name for name, one in DOCUMENT["channels"].items() if _form(one["address"], prefix).fullmatch(topic)]
    return str(found)


def messages_of(channel: str) -> dict[str, dict[str, Any]]:
    return {name: resolve(message) for name, message in DOCUMENT["channels"][channel]["messages"].items()}


def faults(
    message: dict[str, Any], key: bytes | None, headers: list[tuple[str, bytes | None]], value: bytes | None
) -> list[str]:
    """What of a record is not as the message says; nothing where it is one."""
    key_schema = message["bindings"]["kafka"]["key"]
    found = [f"key: {error}" for error in _errors(key_schema, None if key is None else key.decode())]
    if "headers" in message:
        written = {name: None if one is None else one.decode() for name, one in headers}
        found += [f"headers: {error}" for error in _errors(_schema(message["headers"]), written)]
    content = message.get("contentType")
    payload = _schema(message["payload"])
    if content == "application/json":
        return found + [f"payload: {error}" for error in _errors(payload, json.loads(value or b"null"))]
    if content == "image/jpeg" and not (value or b"").startswith(b"\xff\xd8"):
        found.append("payload: no JPEG")
    return found + [
        f"payload: {error}" for error in _errors(payload, None if value is None else value.decode("latin-1"))
    ]


def _form(address: str, prefix: str) -> re.Pattern[str]:
    return re.compile(re.escape(address.replace(PREFIX, prefix, 1)).replace(r"\{model\}", "[a-z0-9_-]+"))


def _schema(node: dict[str, Any]) -> dict[str, Any]:
    schema = resolve(node["schema"] if "schemaFormat" in node else node)
    assert isinstance(schema, dict)
    return schema


def _errors(schema: dict[str, Any], instance: object) -> list[str]:
    return [error.message[:200] for error in _validator(json.dumps(schema)).iter_errors(instance)]


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema))
