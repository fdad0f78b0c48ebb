from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from processors.streaming.liveness import TURNS, Patience, Sight
from schemas.errors import StalledError

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
LOOKS = 3

Look = dict[int, tuple[int, int, bool]] | None
"""By partition: committed, end, queued; None: the broker did not answer."""

STALL = [{0: (5, 9, True)}] * 4
CASES: list[tuple[str, Sequence[Look], str | None]] = [
    ("idle", [{0: (5, 5, False)}] * 9, None),
    ("advancing slowly", [{0: (look, 900, True)} for look in range(9)], None),
    ("no commit", STALL, "no commit moves for 3 looks"),
    ("one look too few", STALL[:3], None),
    ("only now do frames wait", [{0: (5, 5, False)}] * 9 + [{0: (5, 6, False)}] * 2, None),
    ("an outage", [*STALL[:3], None, *STALL[:3]], None),
    ("an outage, then a stall", [*STALL[:3], None, *STALL], "no commit moves"),
    ("caught up in between", [*STALL[:3], {0: (9, 9, False)}, *[{0: (9, 12, False)}] * 2], None),
    ("nothing assigned", [{}] * 9, None),
    ("a partition never fetched", [{0: (look, 99, True), 1: (5, 9, False)} for look in range(4)], "partition 1 comm"),
    ("a partition that waits its turn", [{0: (look, 99, True), 1: (5, 9, True)} for look in range(9)], None),
    ("a partition that came late", [{0: (look, 99, True), 1: (5, 9, look < 2)} for look in range(4)], None),
]


@pytest.mark.parametrize(("looks", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_a_stall(looks: Sequence[Look], says: str | None) -> None:
    patience = Patience(LOOKS)

    def see_all() -> None:
        for number, look in enumerate(looks):
            if look is None:
                patience.forget()
                continue
            sights = {partition: Sight(*sight) for partition, sight in look.items()}
            patience.see(sights, turns=0, now=BEGAN + number * timedelta(seconds=10))

    if says is None:
        see_all()
    else:
        with pytest.raises(StalledError, match=says):
            see_all()


def test_the_message_names_partitions_commits_ends_and_since_when() -> None:
    patience = Patience(1)
    sights = {2: Sight(7, 40, queued=False), 3: Sight(5, 5, queued=False), 11: Sight(0, 1, queued=True)}
    patience.see(sights, turns=0, now=BEGAN)
    with pytest.raises(StalledError) as raised:
        patience.see(sights, turns=0, now=BEGAN + timedelta(seconds=10))
    assert str(raised.value) == (
        "no commit moves for 1 looks though frames wait and the broker answers: "
        "partition 2 committed 7 end 40 since 2026-01-02T00:00:00Z; "
        "partition 11 committed 0 end 1 since 2026-01-02T00:00:00Z"
    )


def test_a_turn_that_never_comes_is_a_stall() -> None:
    patience = Patience(LOOKS)
    with pytest.raises(StalledError, match="partition 1 committed 5 end 9"):
        for look in range(9):
            sights = {0: Sight(look, 99, queued=True), 1: Sight(5, 9, queued=True)}
            patience.see(sights, turns=look * TURNS // 3, now=BEGAN)
    assert look == 5, "three looks at what others had, and three more"
