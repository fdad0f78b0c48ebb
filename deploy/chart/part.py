"""What the chart's values are made of: parts that may be left out, and words that several share."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Things: TypeAlias = dict[str, Any]
"""A mapping that Kubernetes defines."""
Texts: TypeAlias = dict[str, str]
Name = Annotated[str, Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$")]
"""What an object of Kubernetes is called, or nothing."""
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Share = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^[0-9]{1,3}%$")]
Duration = Annotated[str, Field(pattern=r"^[0-9]+(s|m)$")]


def _optional(schema: dict[str, Any]) -> None:
    schema.pop("required", None)


class Whole(BaseModel):
    """A part of the values that is given whole: frozen, in camel case, and a name that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Part(Whole):
    """A part of the values of which any may be left out: what `values.yaml` says is used then."""

    model_config = ConfigDict(json_schema_extra=_optional)
