"""What every JSON message shares: frozen, forward compatible, with errors that name field, value and expectation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from schemas.errors import MessageError, NewerRecordError
from schemas.names import IDENTIFIER
from schemas.printable import SHOWN, printable, shown

_SAID: Final = 400
_VERSION_DIGITS: Final = 4


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("expected a time with a zone, as 2026-01-31T12:00:00.000000Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a time whose year in UTC is 1 to 9999") from None


def format_time(value: datetime) -> str:
    """`value` as RFC 3339 in UTC with microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Timestamp = Annotated[datetime, AfterValidator(_aware), PlainSerializer(format_time, return_type=str)]
"""A point in time with a zone, kept in UTC, written as RFC 3339 with microseconds."""

Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER.pattern}$")]
"""The name of a camera, a site or a model."""

LaterWord = Annotated[str, Field(pattern=f"^{IDENTIFIER.pattern}$")]
"""A word that a later release has added to a list of ours: readers keep it by its name."""


def _bounded(limit: int) -> AfterValidator:
    """A check that says what Kafka can count; not in the schema, whose limits stay what they were at first."""

    def check(value: int) -> int:
        if value >= limit:
            raise ValueError(f"expected a number below {limit}")
        return value

    return AfterValidator(check)


INT32: Final = _bounded(2**31)
INT64: Final = _bounded(2**63)
"""Whole numbers as Kafka has them: partitions and pixels, offsets and counts."""


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
            NewerRecordError: It is of a `kind` that only a newer release knows.
            MessageError: The value is empty, is no JSON, or a field is not what the schema says.
        """
        if not value:
            raise MessageError(f"{cls.TITLE}: the value is empty; expected a JSON object")
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            refuse_later_kind(cls.TITLE, error)
            raise MessageError(explain(cls.TITLE, error)) from None


def refuse_later_kind(title: str, error: ValidationError) -> None:
    """Refuse a record whose `kind` is a word, but none of ours: only a newer release can say what it means.

    Raises:
        NewerRecordError: `error` is about such a kind.
    """
    for detail in error.errors(include_url=False):
        tagged = detail["type"] == "union_tag_invalid"
        kind = detail["ctx"]["tag"] if tagged else detail["input"] if detail["loc"] == ("kind",) else None
        if isinstance(kind, str) and IDENTIFIER.fullmatch(kind):
            raise NewerRecordError(f"{title}: kind {kind!r} is none that this release knows; a newer one wrote it")


def refuse_later_version(given: str, ours: str) -> None:
    """Refuse a `ce_type` that is ours, `framebus.frame.v1`, but for a higher version.

    Raises:
        NewerRecordError: It is.
    """
    stem, _, version = ours.rpartition(".v")
    digits = given.removeprefix(f"{stem}.v")
    if digits == given or not (digits.isascii() and digits.isdigit() and len(digits) <= _VERSION_DIGITS):
        return
    if int(digits) > int(version):
        raise NewerRecordError(f"type {given!r}: expected {ours!r}; a newer release wrote it, and only one can read it")


def explain(title: str, error: ValidationError) -> str:
    """The first fault that pydantic found, in one line: where, what stood there, what was expected."""
    detail: Any = error.errors(include_url=False)[0]
    # Names of fields may be a stranger's too.
    where = printable(".".join(str(part) for part in detail["loc"]) or "value", SHOWN)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{title}: {where} = {shown(detail['input'])}: {printable(detail['msg'], _SAID)}{more}"
