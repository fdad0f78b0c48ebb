"""A result as a CloudEvent over HTTP, in binary or structured mode."""

from __future__ import annotations

import json
from typing import Any, Final

from api.result_record import ResultRecord
from schemas.messages import JSON_TYPE
from schemas.names import Header

STRUCTURED_TYPE: Final = "application/cloudevents+json"
_ATTRIBUTE: Final = "ce_"


def encode(record: ResultRecord, *, structured: bool) -> tuple[dict[str, str], bytes]:
    """The HTTP headers and the body; the result's bytes are those of its record.

    Attributes are those of the record's CloudEvents headers, written anew from the result: what else stood beside
    them is not passed on.
    """
    attributes = {
        name.removeprefix(_ATTRIBUTE): (value or b"").decode()
        for name, value in record.result.headers()
        if name.startswith(_ATTRIBUTE)
    }
    if structured:
        return {Header.CONTENT_TYPE: STRUCTURED_TYPE}, _whole(attributes, record.value)
    return {Header.CONTENT_TYPE: JSON_TYPE} | {f"ce-{name}": text for name, text in attributes.items()}, record.value


def _whole(attributes: dict[str, Any], value: bytes) -> bytes:
    # The value is JSON already: to read it and write it anew would change numbers that only look alike.
    head = json.dumps(attributes | {"datacontenttype": JSON_TYPE}).encode()
    return head[:-1] + b', "data": ' + value + b"}"
