"""Mutations of JSON documents and of record headers: deterministic, and true to the form often enough to get deep."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.hostile.mutations import scrambled
from tests.planted import HOSTILE_PASSWORD

SECRET: Final = HOSTILE_PASSWORD
DIGITS: Final = 5_000

TEXTS: Final[Sequence[str]] = (
    "",
    "\0",
    "a\0b",
    "\x1b[31mred\x1b[0m",
    "two\r\nlines ERROR forged",
    "\u202egnp.exe",
    "\ufeff\u2028\u2066",
    "é" * 300,
    "a" * 5_000,
    "٣",
    "../../etc/passwd",
    "%n%s{0}{x}",
    f"rtsp://user:{SECRET}@10.0.0.7/live",
    f"rtsp://user:{SECRET}" + "x" * 5000 + "@10.0.0.7/live",
    f"http://10.0.0.7/?password={SECRET}",
    "://" * 2_000,
    "NaN",
    "-1",
    "1e3",
    "0x10",
    "9" * 40,
    "9" * 5000,
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-01-31T12:00:00",
    "2026-02-31T12:00:00Z",
    "object-detection/0/99999999999999999999",
)
RAW: Final[Sequence[str]] = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0",
    "1.5",
    "9" * 19,
    "9" * 4299,
    "1" + "0" * DIGITS,
    "0." + "1" * DIGITS,
    "null",
    "true",
    "{}",
    "[]",
    "[" * 190 + "]" * 190,
    "[" * DIGITS + "]" * DIGITS,
    '{"a":' * DIGITS + "1" + "}" * DIGITS,
    "[" * DIGITS,
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '{"__proto__":{},"constructor":1,"\\u001b[2J\\nforged":[1]}',
    "'single'",
    "",
)
"""JSON that no encoder writes, and JSON that some do."""


def documents(golden: Sequence[Any], count: int, *, seed: int) -> Iterator[bytes]:
    """`count` descendants of `golden`, JSON values of one kind, as bytes."""
    chance = random.Random(seed)
    corpus = [json.dumps(one).encode() for one in golden]
    for _ in range(count):
        if chance.random() < 0.3:
            yield scrambled(chance, chance.choice(corpus), corpus)
            continue
        tree = json.loads(chance.choice(corpus))
        for _round in range(chance.choice((1, 1, 2, 4))):
            tree = _changed(chance, tree, golden)
        yield _written(chance, tree)


def _changed(chance: random.Random, tree: Any, golden: Sequence[Any]) -> Any:
    """`tree` with one thing in it changed; the root now and then."""
    places = list(_places(tree))
    if not places:
        return _value(chance)
    holder, key = chance.choice(places)
    what = chance.randrange(6)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, dict):
        holder[chance.choice(TEXTS)] = holder.pop(key)
    elif what == 2:
        leaf = not isinstance(holder[key], (dict, list))
        holder[key] = [holder[key]] * (chance.choice((1, 2, 500)) if leaf else 1)
    elif what == 3:
        holder[key] = copy.deepcopy(chance.choice(golden))
    else:
        holder[key] = _value(chance)
    return tree if chance.random() < 0.97 else _value(chance)


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield tree, key
        yield from _places(value)


class _Raw(str):
    """Text that is to stand in the document as it is."""

    __slots__ = ()


def _value(chance: random.Random) -> Any:
    kind = chance.randrange(3)
    if kind == 0:
        return chance.choice(TEXTS)
    if kind == 1:
        raw = chance.choice(RAW)
        return _Raw(raw if len(raw) < 1000 or chance.random() < 0.2 else "[]")
    return chance.choice((0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64, 10**400, 0.5, 1e308, True, None, [], {}))


def _written(chance: random.Random, tree: Any) -> bytes:
    raw: list[str] = []

    def marked(value: Any) -> Any:
        if isinstance(value, _Raw):
            raw.append(value)
            return f"\1raw{len(raw) - 1}\1"
        if isinstance(value, dict):
            return {key: marked(one) for key, one in value.items()}
        return [marked(one) for one in value] if isinstance(value, list) else value

    text = json.dumps(marked(tree), ensure_ascii=chance.random() < 0.5)
    for number, value in enumerate(raw):
        text = text.replace(f'"\\u0001raw{number}\\u0001"', value)
    if text.startswith("{") and chance.random() < 0.1:  # each key twice
        text = text[:-1] + "," + text[1:] if len(text) > 2 else text
    return text.encode(errors="surrogatepass")


def headers(
    golden: Sequence[Sequence[tuple[str, bytes | None]]], count: int, *, seed: int
) -> Iterator[list[tuple[str, bytes | None]]]:
    """`count` descendants of `golden`, the headers of records."""
    chance = random.Random(seed)
    values = [value for one in golden for _, value in one if value]
    for _ in range(count):
        made = list(chance.choice(golden))
        for _round in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(made)) if made else 0
            name, value = made[at] if made else ("", b"")
            what = chance.randrange(7)
            if what == 0 and made:
                del made[at]
            elif what == 1:
                made.insert(chance.randrange(len(made) + 1), (name, _bytes(chance, values)))
            elif what == 2:
                made.append((chance.choice(TEXTS)[:500], _bytes(chance, values)))
            elif what == 3 and made:
                made[at] = (name, None)
            elif what == 4 and made and value:
                made[at] = (name, scrambled(chance, value, values))
            elif made:
                made[at] = (name, _bytes(chance, values))
        yield made


def _bytes(chance: random.Random, values: Sequence[bytes]) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(TEXTS).encode()
    if kind == 1:
        return chance.choice(RAW)[:60_000].encode()
    return chance.choice(values) if kind == 2 else chance.randbytes(chance.choice((1, 8, 300)))


def lines(golden: Sequence[str], count: int, *, seed: int) -> Iterator[str]:
    """`count` descendants of `golden`, short texts; some have lone surrogates, as file names may."""
    chance = random.Random(seed)
    corpus = [one.encode() for one in golden]
    for _ in range(count):
        if chance.random() < 0.3:
            yield chance.choice(golden) + chance.choice(TEXTS)
        else:
            yield scrambled(chance, chance.choice(corpus), corpus).decode(errors="surrogateescape")
