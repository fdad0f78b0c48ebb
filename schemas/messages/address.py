"""Where a frame lives: model, partition, offset."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Self

from schemas.errors import MessageError
from schemas.names import IDENTIFIER
from schemas.printable import shown

_FORM: Final = re.compile(rf"({IDENTIFIER.pattern})/([0-9]{{1,19}})/([0-9]{{1,19}})")


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
        found = _FORM.fullmatch(text)  # one match: an audit reads millions of these
        if not found:
            raise MessageError(
                f"frame address {shown(text)}: expected model/partition/offset, as object-detection/3/1234"
            )
        model, partition, offset = found.groups()
        return cls(model, int(partition), int(offset))
