"""How the command line shows things: tables, and progress bars that become lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from processors.samples.progress import Progress as ProgressCall
from schemas.printable import printable

out: Final = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 160)
"""What a verb answers; wide where no terminal sets the width, so that a table's row stays a line for `grep`."""
_LONG: Final = 4_000
err: Final = Console(stderr=True, highlight=False, emoji=False)
"""What it says meanwhile. No console takes `:b:` for an emoji: it may stand in an IPv6 address."""


def live_console() -> Console:
    """Where a live table goes: on a terminal to the console that also says things meanwhile, or they would collide."""
    return err if out.is_terminal and err.is_terminal else out


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> Table:
    """A plain table; the columns named in `right` hold numbers. Cells are shown as they are: no markup, no codes."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", no_wrap=column in right)
    for row in rows:
        made.add_row(*(escape(printable(cell)) for cell in row))
    return made


def print_long(made: Table) -> None:
    """Print a table whose cells may be long: on a terminal they are folded, elsewhere a row stays a line for `grep`."""
    console = out if out.is_terminal else Console(highlight=False, emoji=False, width=_LONG)
    console.print(made)


@contextmanager
def progress_bars() -> Iterator[ProgressCall]:
    """Progress as bars on a terminal, one a label; elsewhere as a line when a label begins and one when it ends."""
    if not err.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=False) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, label: str, done: int, total: int | None) -> None:
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[label], completed=done, total=total)


class _Lines:
    def __init__(self) -> None:
        self._began: dict[str, float] = {}

    def __call__(self, label: str, done: int, total: int | None) -> None:
        if label not in self._began:
            self._began[label] = time.monotonic()
            err.print(f"{label} ...", markup=False)
        if total is not None and done >= total and self._began[label]:
            err.print(f"{label}: done in {time.monotonic() - self._began[label]:.1f} s", markup=False)
            self._began[label] = 0.0
