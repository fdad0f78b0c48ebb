"""`values.schema.json`, by which Helm refuses values that the chart does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from deploy.chart.values import Values

CHART: Final = Path(__file__).parent.parent / "helm" / "framebus"
FILE: Final = CHART / "values.schema.json"


class _Plain(GenerateJsonSchema):
    """Without titles, which only repeat names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401  # pydantic's own type
        return False


def text() -> str:
    """The schema, in JSON Schema of 2020-12."""
    schema = Values.model_json_schema(schema_generator=_Plain)
    return json.dumps({"$schema": GenerateJsonSchema.schema_dialect, **schema}, indent=2, ensure_ascii=False) + "\n"
