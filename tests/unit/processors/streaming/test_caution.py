from __future__ import annotations

import pytest

from processors.streaming.caution import CLEAN, Caution, Position, running, trying

MARKS = [
    # mark, log's end, frames to try alone from offset 100 on, attempts that the one at 100 had
    ("", 1000, range(0), 0),
    (CLEAN, 1000, range(0), 0),
    ("reset by a tool", 1000, range(0), 0),
    ("framebus running", 1000, range(0), 0),
    (running(105), 1000, range(100, 105), 0),
    (running(105), 103, range(100, 103), 0),
    (running(90), 1000, range(0), 0),
    (trying(2, 105), 1000, range(100, 105), 2),
    (trying(3, 90), 1000, range(100, 101), 3),
    ("framebus running until=" + "9" * 30, 1000, range(0), 0),
]


@pytest.mark.parametrize(("mark", "log_end", "alone", "tried"), MARKS)
def test_what_a_predecessors_mark_asks_for(mark: str, log_end: int, alone: range, tried: int) -> None:
    caution = Caution.read(Position(100, mark), log_end)
    assert [offset for offset in range(200) if caution.covers(offset)] == list(alone)
    assert [caution.tried_before(offset) for offset in (100, 101)] == [tried, 0]
