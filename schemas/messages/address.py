"""Where a frame lives: model, partition, offset."""

from __future__ import annotations

from typing import NamedTuple, Self

from schemas.errors import MessageError
from schemas.names import IDENTIFIER


class FrameAddress(NamedTuple):
    """A frame's place in the log: its model's frames topic, the partition, the offset."""

    model: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.model}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `model/partition/offset`.

        Raises:
            MessageError: `text` is not of that form.
        """
        model, _, rest = text.partition("/")
        partition, _, offset = rest.partition("/")
        if not (IDENTIFIER.fullmatch(model) and _is_number(partition) and _is_number(offset)):
            raise MessageError(f"frame address {text!r}: expected model/partition/offset, as object-detection/3/1234")
        return cls(model, int(partition), int(offset))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
