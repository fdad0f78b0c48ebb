"""Mutations of JPEGs and of any bytes: deterministic, some blind, some that know segments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tests.hostile.jpegs import EOI

_NASTY: Final = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff\0",
    b"\xff\xff\xff\xff",
)
_LARGEST: Final = 64 * 1024

Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def _flip(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    for _round in range(chance.choice((1, 1, 2, 8, 64))):
        value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)


def _overwrite(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    at, nasty = chance.randrange(len(value)), chance.choice(_NASTY)
    value[at : at + len(nasty)] = nasty


def _insert(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(value))
    value[at:at] = chance.choice(_NASTY) if chance.random() < 0.5 else chance.randbytes(chance.choice((1, 4, 200)))


def _delete(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(value))
    del value[at : at + chance.choice((1, 2, 16, 500))]


def _repeat(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(value))
    part = value[at : at + chance.choice((2, 20, 300))]
    value[at:at] = part * chance.choice((1, 2, 40))


def _splice(chance: random.Random, value: bytearray, others: Sequence[bytes]) -> None:
    other = chance.choice(others)
    value[chance.randrange(len(value)) :] = other[chance.randrange(len(other)) :]


def _cut(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    """Without its end, but as if it had one: only the decoder can notice."""
    value[chance.randrange(2, len(value)) :] = EOI


def _segment(chance: random.Random, value: bytearray, others: Sequence[bytes]) -> None:
    """A segment out of place: twice, from elsewhere, with another marker, or with another length."""
    at = _marker(chance, value)
    what = chance.randrange(4)
    if what == 0:
        value[at + 1 : at + 2] = bytes([chance.randrange(256)])
    elif what == 1:
        value[at + 2 : at + 4] = chance.choice((b"\0\0", b"\0\2", b"\xff\xff", chance.randbytes(2)))
    else:
        source = value if what == 2 else bytearray(chance.choice(others))
        begin = _marker(chance, source)
        value[at:at] = source[begin : begin + 2 + int.from_bytes(source[begin + 2 : begin + 4], "big") % 1024]


def _header(chance: random.Random, value: bytearray, _: Sequence[bytes]) -> None:
    """Another precision, size, number of components or sampling in the frame header."""
    at = max(value.find(b"\xff" + bytes([marker])) for marker in (0xC0, 0xC1, 0xC2))
    if at >= 0:
        field = at + 4 + chance.randrange(15)
        value[field : field + 1] = bytes(
            [chance.choice((0, 1, 2, 4, 8, 0x11, 0x44, 0x7F, 0xFF, chance.randrange(256)))]
        )


def _marker(chance: random.Random, value: bytearray) -> int:
    """Where a segment begins, if only one can be found near a place chosen at random."""
    at = value.find(b"\xff", chance.randrange(min(len(value), 700)))
    return max(at, 0)


_MUTATIONS: Final[Sequence[Mutation]] = (
    _flip, _overwrite, _insert, _delete, _repeat, _splice, _cut, _segment, _segment, _header,
)  # fmt: skip

_BLIND: Final = _MUTATIONS[:6]


def scrambled(chance: random.Random, value: bytes, others: Sequence[bytes]) -> bytes:
    """`value`, of any kind, after a few blind mutations; `others` are what it may be spliced with."""
    made = bytearray(value or b"\0")
    for _round in range(chance.choice((1, 1, 2, 4))):
        chance.choice(_BLIND)(chance, made, others)
        if not made:
            made += b"\0"
    return bytes(made[:_LARGEST])


def mutated(corpus: Sequence[bytes], count: int, *, seed: int) -> Iterator[bytes]:
    """`count` descendants of `corpus`, each a few mutations away, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        value = bytearray(chance.choice(corpus))
        for _round in range(chance.choice((1, 1, 1, 2, 3, 6))):
            chance.choice(_MUTATIONS)(chance, value, corpus)
            if len(value) < 4:
                value += b"\xff\xd8\xff\xd9"
        yield bytes(value[:_LARGEST])
