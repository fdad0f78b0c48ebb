"""Where a crop comes from: the frame, what a model saw in it, and where that lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Annotated, ClassVar, Final

from pydantic import Field, field_validator

from schemas.errors import HeaderError, MessageError
from schemas.messages._base import INT32, Message
from schemas.messages.address import FrameAddress
from schemas.names import Header
from schemas.printable import shown

PLACES: Final = 10_000
"""Detections of one frame that may have crops: what a crop's seq counts with."""
_SEQS: Final = 10**14
"""Above it a parent's seq is nobody's count: with the place of a crop it would not fit a header."""
_HEADERS: Final = (Header.PARENT, Header.PARENT_INDEX, Header.PARENT_BOX, Header.PARENT_MAP)
_BOX: Final = 4
_MAP: Final = 6
_DIGITS: Final = 4
_SHORT: Final = 10
_LONGEST: Final = 200

Box = tuple[float, float, float, float]
Affine = tuple[float, float, float, float, float, float]


class Parent(Message):
    """The frame that a crop was cut out of, and the detection that it shows.

    `address` is the frame's, `index` the detection's place in the result of that frame, `box` its (x1, y1, x2, y2) in
    pixels of that frame. `map` are six numbers a … f that lead from a pixel of the crop to one of that frame:
    x' = a x + b y + c, y' = d x + e y + f.
    """

    TITLE: ClassVar[str] = "parent"

    address: str
    index: Annotated[int, Field(ge=0), INT32]
    box: Box
    map: Affine

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        FrameAddress.parse(value)
        return value

    def to_parent(self, point: Sequence[float]) -> tuple[float, ...]:
        """A point of the crop, (x, y) or (x, y, score), in pixels of the frame that it was cut out of."""
        x, y, *rest = point
        a, b, c, d, e, f = self.map
        return (a * x + b * y + c, d * x + e * y + f, *rest)

    def headers(self) -> dict[str, str]:
        """The headers that say it."""
        return {
            Header.PARENT: self.address,
            Header.PARENT_INDEX: str(self.index),
            Header.PARENT_BOX: _numbers(self.box),
            Header.PARENT_MAP: _numbers(self.map),
        }


def crop_seq(seq: int, index: int) -> int:
    """The seq of the crop of the `index`-th detection of the frame `seq`: the same however often it is cut out."""
    return seq % _SEQS * PLACES + index


def crop_place(model: str, parent: FrameAddress, index: int) -> FrameAddress:
    """What stands for a detection's crop for `model`, however often it was made and wherever it lies: no address."""
    return FrameAddress(f"{model} of {parent.model}", parent.partition, parent.offset * PLACES + index)


def parent_from_headers(headers: Mapping[str, bytes | None]) -> Parent | None:
    """Where a crop comes from; None for a frame that is none.

    Raises:
        HeaderError: It has some of a parent's headers, but not all, or one is not what was expected.
    """
    if headers.get(Header.PARENT) is None:
        return None
    texts = {name: _text(headers, name) for name in _HEADERS}
    index = texts[Header.PARENT_INDEX]
    if not (index.isascii() and index.isdigit() and len(index) < _SHORT):
        raise HeaderError(f"header {Header.PARENT_INDEX} = {shown(index)}: expected a whole number, 0 or more")
    try:
        address = FrameAddress.parse(texts[Header.PARENT])
    except MessageError as error:
        raise HeaderError(f"header {Header.PARENT}: {error}") from None
    return Parent(
        address=str(address),
        index=int(index),
        box=_read(texts, Header.PARENT_BOX, _BOX),
        map=_read(texts, Header.PARENT_MAP, _MAP),
    )


def cropped_from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> FrameAddress | None:
    """Which frame a crop, or its outcome, says that it was cut out of; None where that cannot be understood.

    Lenient, because it reads what others wrote: a dead letter keeps even malformed headers as they were.
    """
    value = dict(headers or ()).get(Header.PARENT)
    try:
        return FrameAddress.parse(value.decode()) if value is not None else None
    except (MessageError, UnicodeDecodeError):
        return None


def _numbers(numbers: Iterable[float]) -> str:
    return ",".join(f"{number:.{_DIGITS}f}".rstrip("0").rstrip(".") for number in numbers)


def _text(headers: Mapping[str, bytes | None], name: str) -> str:
    value = headers.get(name)
    if value is None:
        raise HeaderError(f"header {name} is missing; expected it beside {Header.PARENT}")
    return value.decode(errors="replace")


def _read(texts: Mapping[str, str], name: str, count: int) -> tuple[float, ...]:
    text = texts[name]
    try:
        numbers = tuple(float(part) for part in text.split(",")) if len(text) <= _LONGEST else ()
    except ValueError:
        numbers = ()
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise HeaderError(f"header {name} = {shown(text)}: expected {count} numbers with commas between")
    return numbers
