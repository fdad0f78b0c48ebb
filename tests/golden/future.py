"""What a release after ours may write: the golden records with what only that release knows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from tests.golden.store import GoldenRecord

MAPS: Final = frozenset({"dropped"})
"""Objects whose names are words, and no fields."""
LATER_HEADERS: Final = (("ce_later", b"known to others"), ("x-later", b"\xff\x00"), ("x-null", None))


def with_more(record: GoldenRecord) -> GoldenRecord:
    """`record` with a field more in every object of its value, and with more headers."""
    return replace(record, value=_more_fields(record), headers=(*record.headers, *LATER_HEADERS))


def with_fields(record: GoldenRecord, **fields: object) -> GoldenRecord:
    """`record` with these fields of its value set."""
    assert record.value is not None
    return replace(record, value=json.dumps(json.loads(record.value) | fields).encode())


def with_header(record: GoldenRecord, name: str, value: bytes) -> GoldenRecord:
    """`record` with this header set."""
    kept = tuple((header, text) for header, text in record.headers if header != name)
    return replace(record, headers=(*kept, (name, value)))


def _more_fields(record: GoldenRecord) -> bytes | None:
    if record.value is None or not record.value.startswith(b"{"):
        return record.value
    return json.dumps(_more(json.loads(record.value))).encode()


def _more(value: Any) -> Any:
    if isinstance(value, list):
        return [_more(item) for item in value]
    if isinstance(value, dict):
        fields = {name: item if name in MAPS else _more(item) for name, item in value.items()}
        return {**fields, "a_later_field": {"of": ["any", 1, None]}}
    return value
