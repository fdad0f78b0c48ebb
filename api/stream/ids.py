"""The id of an event: how far its client has come in each partition that its stream reads, as a short text.

Pure: positions to ids and back (docs/decisions/0022-an-id-is-a-vector-of-offsets.md).
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Self
from zlib import crc32

from schemas.errors import FramebusError
from schemas.printable import shown

VERSION: Final = "1."
MOST_CHARACTERS: Final = 6000
"""Of an id: proxies take lines of 8 kB, and it comes back in one, as a header or a parameter."""
UNKNOWN: Final = -1
"""In place of an offset: the first that the log has, whichever that is."""

_MARK_BYTES: Final = 4
_VARINT_BYTES: Final = 9
_ALL, _ONE = b"\0", b"\1"


class EventIdError(FramebusError):
    """An id is none that the stream which is asked for has sent."""


def mark(name: str) -> bytes:
    """Four bytes that stand for a name."""
    return blake2b(name.encode(), digest_size=_MARK_BYTES).digest()


class Positions:
    """The next offset of each partition of some models' results topics; a topic made anew has another incarnation."""

    def __init__(self, installation: bytes = b"") -> None:
        self.installation = installation
        """The mark of the cluster and the prefix."""
        self._incarnations: dict[str, bytes] = {}
        self._offsets: dict[str, list[int]] = {}
        self._texts: dict[str, list[bytes]] = {}
        self._bodies: dict[str, bytes] = {}

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Model, partition and next offset of each partition."""
        for model, offsets in self._offsets.items():
            for partition, offset in enumerate(offsets):
                yield model, partition, offset

    @property
    def models(self) -> tuple[str, ...]:
        """Those whose topics are known."""
        return tuple(self._offsets)

    def incarnation(self, model: str) -> bytes | None:
        """Which of the topics of this name it is; None for an unknown one."""
        return self._incarnations.get(model)

    def count(self, model: str) -> int:
        """How many partitions are known."""
        return len(self._offsets.get(model, ()))

    def next(self, model: str, partition: int) -> int:
        """The next offset of a partition; UNKNOWN where it is not known."""
        offsets = self._offsets.get(model, ())
        return offsets[partition] if partition < len(offsets) else UNKNOWN

    def put(self, model: str, incarnation: bytes, offsets: list[int]) -> None:
        """Take a topic as it is now."""
        self._incarnations[model] = incarnation
        self._offsets[model] = list(offsets)
        self._texts[model] = [_varint(max(offset, 0)) for offset in offsets]
        self._bodies.pop(model, None)

    def drop(self, model: str) -> None:
        """Forget a topic."""
        del self._incarnations[model], self._offsets[model], self._texts[model]
        self._bodies.pop(model, None)

    def grow(self, model: str, count: int) -> None:
        """Have at least `count` partitions; new ones begin where their logs do."""
        more = count - self.count(model)
        if more > 0:
            self._offsets[model].extend([UNKNOWN] * more)
            self._texts[model].extend([_varint(0)] * more)
            self._bodies.pop(model, None)

    def advance(self, model: str, partition: int, offset: int) -> None:
        """Set the next offset of a partition that is known."""
        self._offsets[model][partition] = offset
        self._texts[model][partition] = _varint(offset)
        self._bodies.pop(model, None)

    def copy(self, model: str | None = None) -> Self:
        """The same positions, of one model where it is named."""
        made = type(self)(self.installation)
        for name in self._offsets if model is None else {model} & self._offsets.keys():
            made._incarnations[name] = self._incarnations[name]
            made._offsets[name] = list(self._offsets[name])
            made._texts[name] = list(self._texts[name])
        return made

    def encode(self, model: str | None = None) -> str:
        """The id for a stream of `model`, or of all."""
        names = self._offsets if model is None else {model} & self._offsets.keys()
        body = b"".join((_ALL if model is None else _ONE, self.installation, *map(self._body, names)))
        return VERSION + urlsafe_b64encode(body + crc32(body).to_bytes(4)).rstrip(b"=").decode()

    def _body(self, model: str) -> bytes:
        body = self._bodies.get(model)
        if body is None:
            texts = self._texts[model]
            body = b"".join((mark(model), self._incarnations[model], _varint(len(texts)), *texts))
            self._bodies[model] = body
        return body


@dataclass(frozen=True, slots=True)
class EventId:
    """What an id says: of which installation it is, whether of one model's stream, and by the topics' marks how far."""

    installation: bytes
    of_one: bool
    topics: dict[bytes, tuple[bytes, list[int]]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id.

        Raises:
            EventIdError: It is none.
        """
        if not text.startswith(VERSION) or len(text) > MOST_CHARACTERS:
            raise _malformed(text)
        padded = text.removeprefix(VERSION).encode() + b"==="
        try:
            whole = b64decode(padded[: len(padded) // 4 * 4], b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _malformed(text) from None
        body, check = whole[:-4], whole[-4:]
        if len(body) < 1 + _MARK_BYTES or crc32(body).to_bytes(4) != check or body[:1] not in (_ALL, _ONE):
            raise _malformed(text)
        try:
            topics = _topics(body, 1 + _MARK_BYTES)
        except IndexError:
            raise _malformed(text) from None
        return cls(body[1 : 1 + _MARK_BYTES], body[:1] == _ONE, topics)

    def positions(self, installation: bytes, models: tuple[str, ...], model: str | None) -> Positions:
        """How far the client of a stream of `model`, or of all `models`, has come.

        Raises:
            EventIdError: The id is of another installation, or of another model's stream.
        """
        if self.installation != installation:
            raise EventIdError(
                "the id of the last event is of another installation (Kafka cluster and prefix): expected one that "
                "this installation's stream has sent, or none"
            )
        if self.of_one and (model is None or mark(model) not in self.topics):
            raise EventIdError(
                f"the id of the last event is of one model's stream, and not of {model or 'all models'}: expected the "
                "same model= as before"
            )
        found = Positions(installation)
        for name in models if model is None else (model,):
            known = self.topics.get(mark(name))
            if known:
                found.put(name, *known)
        return found


def _malformed(text: str) -> EventIdError:
    return EventIdError(f"the id of the last event is {shown(text)}: expected one that this stream has sent, or none")


def _topics(body: bytes, at: int) -> dict[bytes, tuple[bytes, list[int]]]:
    """Raises IndexError where the bytes end too soon."""
    topics = {}
    while at < len(body):
        name, incarnation = body[at : at + _MARK_BYTES], body[at + _MARK_BYTES : at + 2 * _MARK_BYTES]
        count, at = _read_varint(body, at + 2 * _MARK_BYTES)
        offsets = []
        for _ in range(count):
            offset, at = _read_varint(body, at)
            offsets.append(offset)
        topics[name] = (incarnation, offsets)
    return topics


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all bytes but the last have the eighth bit set."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    number = 0
    for index in range(_VARINT_BYTES):
        byte = body[at + index]
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, at + index + 1
    raise IndexError
