"""How a long step tells its caller how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called again and again while a step runs: `done` of `total` (bytes or steps); `total` None: nobody knows."""

    def __call__(self, label: str, done: int, total: int | None) -> None: ...


def silent(label: str, done: int, total: int | None) -> None:
    """The progress of somebody who does not want to know."""
