"""What every JSON message shares: frozen, forward compatible, with errors that name field, value and expectation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from schemas.errors import MessageError
from schemas.names import IDENTIFIER
from schemas.redaction import redact


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("expected a time with a zone, as 2026-01-31T12:00:00.000000Z")
    return value.astimezone(UTC)


def format_time(value: datetime) -> str:
    """`value` as RFC 3339 in UTC with microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Timestamp = Annotated[datetime, AfterValidator(_aware), PlainSerializer(format_time, return_type=str)]
"""A point in time with a zone, kept in UTC, written as RFC 3339 with microseconds."""

Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER.pattern}$")]
"""The name of a camera, a site or a model."""


class Message(BaseModel):
    """A JSON message: readers ignore fields that they do not know, so that writers may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    TITLE: ClassVar[str] = "message"

    def to_json(self) -> bytes:
        """The message as UTF-8 JSON, the value of its record."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_json(cls, value: bytes | None) -> Self:
        """Read a record's value.

        Raises:
            MessageError: The value is empty, is no JSON, or a field is not what the schema says.
        """
        if not value:
            raise MessageError(f"{cls.TITLE}: the value is empty; expected a JSON object")
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            raise MessageError(explain(cls.TITLE, error)) from None


def explain(title: str, error: ValidationError) -> str:
    """The first fault that pydantic found, in one line: where, what stood there, what was expected."""
    detail: Any = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in detail["loc"]) or "value"
    shown = redact(repr(detail["input"]))  # before it is cut: a password without its end would look like a host
    shown = shown if len(shown) <= 80 else f"{shown[:77]}…"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{title}: {where} = {shown}: {detail['msg']}{more}"
