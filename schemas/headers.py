"""JSON Schemas of record headers, as objects of strings: what a producer or reader in another language needs."""

from __future__ import annotations

from typing import Any, Final

from schemas.messages.frame import FRAME_TYPE, JPEG_TYPE, Lane
from schemas.messages.result import JSON_TYPE, RESULT_TYPE
from schemas.names import IDENTIFIER, Header

_IDENTIFIER: Final = {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}
_NUMBER: Final = {"type": "string", "pattern": "^[0-9]{1,18}$"}
_TIME: Final = {"type": "string", "format": "date-time"}
_ADDRESS: Final = {"type": "string", "pattern": f"^{IDENTIFIER.pattern}/[0-9]{{1,19}}/[0-9]{{1,19}}$"}
_NUMBERS: Final = r"-?[0-9]{1,12}(\.[0-9]{1,4})?"
_SOURCE: Final = {"type": "string", "pattern": f"^/sites/{IDENTIFIER.pattern}/cameras/{IDENTIFIER.pattern}$"}

_EVENT: Final[dict[str, Any]] = {
    Header.SPECVERSION: {"const": "1.0"},
    Header.SOURCE: _SOURCE,
    Header.TIME: _TIME,
    Header.CAMERA: _IDENTIFIER,
    Header.RUN: _NUMBER,
    Header.SEQ: _NUMBER,
    Header.REDRIVE_OF: _ADDRESS,
    Header.REDRIVE: _NUMBER,
    Header.PARENT: _ADDRESS,
    Header.PARENT_INDEX: _NUMBER,
    Header.TRACEPARENT: {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
}

FRAME: Final[dict[str, Any]] = {
    **_EVENT,
    Header.ID: {"type": "string", "pattern": f"^{IDENTIFIER.pattern}/[0-9]{{1,18}}/[0-9]{{1,18}}$"},
    Header.TYPE: {"const": FRAME_TYPE},
    Header.CONTENT_TYPE: {"const": JPEG_TYPE},
    Header.WIDTH: _NUMBER,
    Header.HEIGHT: _NUMBER,
    Header.LANE: {"anyOf": [{"enum": [lane.value for lane in Lane]}, _IDENTIFIER]},
    Header.FOLLOWERS: {"type": "string", "pattern": f"^{IDENTIFIER.pattern}(,{IDENTIFIER.pattern})*$"},
    Header.PARENT_BOX: {"type": "string", "pattern": f"^{_NUMBERS}(,{_NUMBERS}){{3}}$"},
    Header.PARENT_MAP: {"type": "string", "pattern": f"^{_NUMBERS}(,{_NUMBERS}){{5}}$"},
}
RESULT: Final[dict[str, Any]] = {
    **_EVENT,
    Header.ID: _ADDRESS,
    Header.TYPE: {"const": RESULT_TYPE},
    Header.CONTENT_TYPE: {"const": JSON_TYPE},
    Header.ADDRESS: _ADDRESS,
}
DEAD_LETTER: Final[dict[str, Any]] = {
    Header.ADDRESS: _ADDRESS,
    Header.ERROR: {"type": "string"},
    Header.ERROR_MESSAGE: {"type": "string", "maxLength": 1024},
    Header.ATTEMPTS: _NUMBER,
    Header.OMITTED: {"const": "true"},
    Header.HEADERS_OMITTED: {"const": "true"},
}
UNDELIVERED: Final[dict[str, Any]] = {
    **RESULT,
    Header.SINK: _IDENTIFIER,
    Header.ERROR: {"anyOf": [{"enum": ["refused", "failed"]}, _IDENTIFIER]},
    Header.ERROR_MESSAGE: {"type": "string", "maxLength": 1024},
    Header.ATTEMPTS: _NUMBER,
}
OPTIONAL: Final = frozenset(
    {
        Header.TRACEPARENT,
        Header.REDRIVE_OF,
        Header.REDRIVE,
        Header.FOLLOWERS,
        Header.PARENT,
        Header.PARENT_INDEX,
        Header.PARENT_BOX,
        Header.PARENT_MAP,
        Header.OMITTED,
        Header.HEADERS_OMITTED,
    }
)

HEADERS: Final = {"frame": FRAME, "result": RESULT, "dead-letter": DEAD_LETTER, "undelivered": UNDELIVERED}
"""The headers of each record by the name of its schema; more headers may stand beside them."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of the headers of the records called `name`."""
    fields = HEADERS[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:framebus:{name}-headers:v1",
        "title": f"{name} headers",
        "description": "Record headers as UTF-8 text, by name.",
        "type": "object",
        "properties": fields,
        "required": [field for field in fields if field not in OPTIONAL],
    }
