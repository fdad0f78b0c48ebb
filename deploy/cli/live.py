"""The live table of a running system: redrawn on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.cli.console import live_console, table
from deploy.local.demo import Row

_EVERY_S: Final = 5.0
_NUMBERS: Final = ("captured", "inferred", "skipped", "lag", "fps", "p50 ms", "p99 ms")


class LiveTable:
    """Shows `rows()` again and again while the block runs; `update` is called often."""

    def __init__(self, rows: Callable[[], Sequence[Row]], *, footer: str, console: Console | None = None) -> None:
        self._rows = rows
        self._footer = footer
        self._console = shown = console or live_console()
        self._live = Live(console=shown, auto_refresh=False, transient=False) if shown.is_terminal else None
        self._next = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self) -> None:
        """Show what is new, if it is time to."""
        now = time.monotonic()
        if now < self._next:
            return
        if self._live is not None:
            self._next = now + 0.5
            self._live.update(Group(_table(self._rows()), Text(self._footer, style="dim")), refresh=True)
        else:
            self._next = now + _EVERY_S
            for row in self._rows():
                self._console.print(" ".join(f"{name}={value}" for name, value in _cells(row).items()), markup=False)


def _table(rows: Sequence[Row]) -> Table:
    return table(("camera", "model", *_NUMBERS), [tuple(_cells(row).values()) for row in rows], right=_NUMBERS)


def _cells(row: Row) -> dict[str, str]:
    return {
        "camera": row.camera,
        "model": row.model,
        "captured": f"{row.captured}",
        "inferred": f"{row.inferred}",
        "skipped": f"{row.skipped}",
        "lag": f"{row.lag}",
        "fps": f"{row.fps:.1f}",
        "p50 ms": _milliseconds(row.p50),
        "p99 ms": _milliseconds(row.p99),
    }


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f}"
