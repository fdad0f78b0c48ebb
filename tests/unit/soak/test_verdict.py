"""What makes a soak fail: each thing that must not happen is named, and a clean one passes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from schemas.ledger import Account, Balance, Fault, Unexplained
from tests.soak.flatness import Trend
from tests.soak.run import Found
from tests.soak.verdict import Line, failures

PAIR = ("gate", "m")
VIEWS = Counter({"pictures": 1000, "no picture": 10, "clean ledgers": 50})


def balance(account: Account, *unexplained: Unexplained) -> Balance:
    return Balance(accounts={PAIR: account}, uncounted={}, unexplained=unexplained, conflicts=0, repeats=0)


CLEAN = Found(
    minutes=60.0,
    balance=balance(Account(captured=1000, delivered=1000, inferred=950, stale=50)),
    report="",
    seen={str(number) for number in range(940)},
    views=VIEWS,
    replaced=[],
)
FLAT = Line("api", "rss", Trend(100.0, 101.0, 1.0, 1.0), flat=True)
LOST = Unexplained(Fault.LOST, "m", "gate")


@pytest.mark.parametrize(
    ("found", "line", "says"),
    [
        (CLEAN, FLAT, []),
        (CLEAN, replace(FLAT, flat=False), ["api: rss rises"]),
        (replace(CLEAN, replaced=["capture"]), FLAT, ["capture: became another process"]),
        (replace(CLEAN, balance=balance(Account(delivered=950, inferred=950), LOST)), FLAT, ["the audit is not clean"]),
        (
            replace(CLEAN, balance=balance(Account(delivered=951, inferred=950, in_log=1))),
            FLAT,
            ["1 frames still wait"],
        ),
        (replace(CLEAN, balance=balance(Account(delivered=1000, inferred=899))), FLAT, ["899 of 1000 frames inferred"]),
        (replace(CLEAN, balance=balance(Account()), seen=set()), FLAT, ["0 of 0 frames inferred"]),
        (replace(CLEAN, seen={"1"}), FLAT, ["the steady stream showed 1 of 950 results"]),
        (
            replace(CLEAN, views=VIEWS + Counter({"no picture": 1})),
            FLAT,
            ["11 pictures were not there, 1000 were"],
        ),
        (
            replace(CLEAN, views=VIEWS + Counter({"other ledgers": 1})),
            FLAT,
            ["the page's ledger was clean 50 times, and not so 1 times"],
        ),
        (
            replace(CLEAN, views=Counter({"pictures": 1})),
            FLAT,
            ["the page's ledger was clean 0 times, and not so 0 times"],
        ),
    ],
)
def test_what_must_not_happen_is_named(found: Found, line: Line, says: list[str]) -> None:
    assert failures(found, [line]) == says
