from __future__ import annotations

import pytest

from schemas.ledger import Account, Ledger, MalformedRecord, Outcome
from schemas.messages import FrameAddress

MODEL = "object-detection"
LOG = (MODEL, 0)


def test_frames_that_nobody_mentions_are_in_the_log_or_lost() -> None:
    ledger = Ledger()
    ledger.cover(MODEL, 0, 5, 9)
    balance = ledger.balance({LOG: 7}, {LOG: 9})
    assert [str(entry.address) for entry in balance.unexplained] == [f"{MODEL}/0/5", f"{MODEL}/0/6"]
    assert balance.uncounted == {MODEL: Account(delivered=4, in_log=2, unexplained=2)}


def test_an_empty_log_covers_nothing() -> None:
    ledger = Ledger()
    ledger.cover(MODEL, 0, 3, 3)
    balance = ledger.balance({LOG: 3}, {LOG: 3})
    assert (balance.accounts, balance.uncounted, balance.unexplained) == ({}, {}, ())


@pytest.mark.parametrize("start", [0, 3, 5])
def test_covering_keeps_what_is_known(start: int) -> None:
    ledger = Ledger()
    for offset in range(3, 6):
        ledger.add_outcome(FrameAddress(MODEL, 0, offset), Outcome.INFERRED)
    ledger.cover(MODEL, 0, start, 6)
    balance = ledger.balance({}, {LOG: 6})
    assert balance.is_clean
    before = max(3 - start, 0)
    assert balance.uncounted == {MODEL: Account(delivered=3 + before, inferred=3, in_log=before)}


def test_a_record_that_could_not_be_read_is_not_clean() -> None:
    balance = Ledger().balance({}, {})
    assert balance.is_clean
    record = MalformedRecord("framebus.skips", 1, 5, "skip: the value is empty")
    assert str(record) == "malformed: framebus.skips partition 1 offset 5: skip: the value is empty"
    assert not type(balance)({}, {}, (), 0, 0, malformed=(record,), malformed_count=1).is_clean
