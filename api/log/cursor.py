"""A place in several logs as text that a client hands back: where a page ended, and what was asked for; pure."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError

from schemas.errors import FramebusError
from schemas.printable import shown

LONGEST: Final = 16_384
"""Characters of a cursor: a thousand partitions take eight thousand."""
_VERSION: Final = "1."
_UNPACKED: Final = 256 * 1024
_OFFSETS: Final = 20_000

Log = tuple[str, int]
Question = Mapping[str, str | float]
"""What was asked for, by the names of the query's parameters."""

_FORM: Final = TypeAdapter(tuple[dict[str, list[int]], int, int | None, dict[str, str | float]])


class CursorError(FramebusError):
    """A cursor is none of ours, or was given for another question."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The next offset of each log that was read, and the question.

    Only what was appended from `since_ms` on, and before `until_ms` (None: without end) was asked for, in milliseconds
    since the epoch; a log that appears later begins there.
    """

    positions: Mapping[Log, int]
    since_ms: int = 0
    until_ms: int | None = None
    question: Question = field(default_factory=dict)

    def encode(self) -> str:
        """The cursor as text: letters, digits, `-`, `_` and one dot."""
        topics: dict[str, list[int]] = {}
        for topic, partition in sorted(self.positions):
            offsets = topics.setdefault(topic, [])
            # A gap in a topic's partitions is one that is not known: -1.
            offsets += [-1] * (partition - len(offsets)) + [self.positions[topic, partition]]
        form = [topics, self.since_ms, self.until_ms, dict(self.question)]
        packed = zlib.compress(json.dumps(form, separators=(",", ":")).encode(), 9)
        return _VERSION + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a cursor.

        Raises:
            CursorError: It is none, or of another version.
        """
        if not text.startswith(_VERSION):
            raise CursorError(f"cursor {shown(text)}: expected the `next` of an answer of this version")
        try:
            topics, since_ms, until_ms, question = _FORM.validate_python(_unpack(text.removeprefix(_VERSION)))
        except (ValueError, ValidationError, RecursionError, zlib.error, binascii.Error):
            raise CursorError(f"cursor {shown(text)}: expected the `next` of an answer, unchanged") from None
        positions = {
            (topic, partition): offset
            for topic, offsets in topics.items()
            for partition, offset in enumerate(offsets)
            if offset != -1
        }
        numbers = [*positions.values(), since_ms, until_ms or 0]
        if len(positions) > _OFFSETS or not all(0 <= number < 2**63 for number in numbers):
            raise CursorError(f"cursor {shown(text)}: expected offsets that Kafka can count")
        return cls(positions, since_ms, until_ms, question)

    def check(self, given: Question) -> None:
        """Make sure that `given`, what a request asks for beside the cursor, is what the cursor was given for.

        Raises:
            CursorError: It is something else.
        """
        for name, value in given.items():
            if self.question.get(name) != value:
                had = shown(self.question[name]) if name in self.question else "none"
                raise CursorError(
                    f"{name} = {shown(value)}: the cursor was given for {had}; expected the same, or none"
                )


def _unpack(text: str) -> Any:  # noqa: ANN401  # what a stranger wrote
    packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(packed, _UNPACKED)
    if unpacking.unconsumed_tail or unpacking.unused_data or not unpacking.eof:
        raise ValueError("too long, cut off, or with something behind it")
    return json.loads(unpacked)
