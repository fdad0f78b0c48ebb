"""How long steps report themselves: one call for each bit of progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of a step's progress; `total` is None while nobody knows it. The last call has `done == total`."""

    def __call__(self, label: str, done: int, total: int | None) -> None: ...


def silent(label: str, done: int, total: int | None) -> None:
    """Progress that nobody looks at."""
