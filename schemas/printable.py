"""What somebody else wrote, as it may stand in one line of a log, an error or a terminal."""

from __future__ import annotations

from typing import Final

from schemas.redaction import redact

SHOWN: Final = 80
"""Characters of a value that an error shows."""
_LOOKED_AT: Final = 4096
"""Characters of it that are looked at for that."""


def printable(text: str, limit: int = 8192) -> str:
    """`text` in at most `limit` characters, without secrets, and with what is not printable escaped.

    That is: line ends, control characters, marks that turn the direction of writing.
    """
    # Secrets go before it is cut, or a password without its end would look like a host. Where it is cut before that,
    # since it may be megabytes, the `@` stands for the one that may have been cut off.
    looked_at = max(limit, _LOOKED_AT)
    text = redact(text if len(text) <= looked_at else f"{text[:looked_at]}@")
    if not text.isprintable():
        text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def shown(value: object, limit: int = SHOWN) -> str:
    """`value` as Python writes it, with what `printable` does to it."""
    try:
        return printable(repr(value), limit)
    except ValueError:  # a number of more digits than Python writes
        return f"a {type(value).__name__}"
