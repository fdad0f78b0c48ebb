from __future__ import annotations

from io import StringIO

from rich.console import Console

from deploy.cli.live import LiveTable
from deploy.local.demo import Row

ROW = Row("street", "objects", captured=200, inferred=190, skipped=4, lag=6, fps=9.96, p50=0.0421, p99=None)


def test_where_there_is_no_terminal_a_row_is_a_line() -> None:
    console = Console(file=StringIO(), width=160)
    with LiveTable(lambda: [ROW], footer="page", console=console) as shown:
        shown.update()
        shown.update()  # too early for another one
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "camera=street model=objects captured=200 inferred=190 skipped=4 lag=6 fps=10.0 p50 ms=42 p99 ms=-"
    ]


def test_a_terminal_shows_a_table_with_the_footer() -> None:
    console = Console(file=StringIO(), width=120, force_terminal=True, color_system=None)
    with LiveTable(lambda: [ROW], footer="page http://x/", console=console) as shown:
        shown.update()
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "camera" in text
    assert "page http://x/" in text
    assert "street objects 200 190 4 6 10.0 42 -" in " ".join(text.split())
