"""Crops for a second stage, in the ledger: each has an address and an outcome, and those not made are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from schemas.ledger import Account, Fault, Ledger, Outcome
from schemas.messages import CropCounts, CropDrop, FrameAddress, PartitionRanges
from tests.unit.schemas.test_ledger import CAM, KEY, counts

OK, D, S, E = Outcome.INFERRED, Outcome.DEAD, Outcome.STALE, Outcome.EXPIRED


def crops(
    *offsets: int, offered: int | None = None, dropped: int = 0, parent: int = 7, camera: str = "cam"
) -> CropCounts:
    """A record of crops at these offsets of partition 0 of `m`."""
    return CropCounts(
        camera="cam",
        model="m",
        parent=f"leader/0/{parent}",
        time=datetime(2026, 1, 2, tzinfo=UTC),
        offered=len(offsets) + dropped if offered is None else offered,
        dropped={CropDrop.TOO_SMALL: dropped} if dropped else {},
        delivered=(PartitionRanges.of(0, offsets),) if offsets else (),
    )


@dataclass(frozen=True)
class Case:
    """What was recorded of crops, what their outcomes say of themselves, and what comes of it."""

    name: str
    records: list[CropCounts]
    outcomes: dict[int, Outcome]
    committed: int
    log_end: int
    account: Account | None
    witnesses: tuple[int, ...] = ()
    faults: list[str] = field(default_factory=list)
    uncounted: Account | None = None


CASES = [
    Case("inferred", [crops(0, 1)], {0: OK, 1: OK}, 2, 2, Account(cropped=2, delivered=2, inferred=2)),
    Case(
        "some were not made",
        [crops(0, dropped=2), crops(dropped=1, parent=8)],
        {0: OK},
        1,
        1,
        Account(cropped=4, delivered=1, inferred=1),
    ),
    Case(
        "every outcome",
        [crops(0, 1, 2, 3, 4)],
        {0: OK, 1: D, 2: S, 3: E},
        4,
        5,
        Account(cropped=5, delivered=5, inferred=1, dead=1, stale=1, expired=1, in_log=1),
    ),
    Case(
        "one is lost",
        [crops(0, 1)],
        {0: OK},
        2,
        2,
        Account(cropped=2, delivered=2, inferred=1, unexplained=1),
        faults=["lost: m cam m/0/1"],
    ),
    Case(
        "recorded, but not in the log",
        [crops(0, 1)],
        {0: OK},
        1,
        1,
        Account(cropped=2, delivered=2, inferred=1, unexplained=1),
        faults=["beyond-log: m cam m/0/1"],
    ),
    Case(
        "one vanished between offer and delivery",
        [crops(0, offered=3, dropped=1)],
        {0: OK},
        1,
        1,
        Account(cropped=3, delivered=1, inferred=1, unexplained=1),
        faults=["imbalance: m cam crops of leader/0/7, 1 frames"],
    ),
    Case(
        "a worker was killed before it could record them: made anew, and the first ones say so themselves",
        [crops(2, 3)],
        {0: OK, 1: OK, 2: OK, 3: OK},
        4,
        4,
        Account(cropped=4, delivered=4, inferred=4),
        witnesses=(0, 1, 2, 3),
    ),
    Case(
        "made anew, and the first ones wait",
        [crops(2, 3)],
        {},
        0,
        4,
        Account(cropped=2, delivered=2, in_log=2),
        uncounted=Account(delivered=2, in_log=2),
    ),
    Case(
        "made twice and recorded twice",
        [crops(0, 1), crops(2, 3)],
        {0: OK, 1: OK, 2: OK, 3: OK},
        4,
        4,
        Account(cropped=4, delivered=4, inferred=4),
    ),
    Case(
        "a record that was written twice",
        [crops(0, 1), crops(0, 1)],
        {0: OK, 1: OK},
        2,
        2,
        Account(cropped=2, delivered=2, inferred=2),
    ),
]


@pytest.mark.parametrize("records_first", [True, False], ids=["records first", "outcomes first"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_crop_has_an_address_and_an_outcome(case: Case, records_first: bool) -> None:
    ledger = Ledger()
    for told in (1, 2) if records_first else (2, 1):
        if told == 1:
            for record in case.records:
                ledger.add_crops(record)
            continue
        for offset, outcome in case.outcomes.items():
            ledger.add_outcome(FrameAddress("m", 0, offset), outcome)
        for offset in case.witnesses:
            ledger.add_crop(FrameAddress("m", 0, offset), "cam")
    ledger.cover("m", 0, 0, case.log_end)
    for _ in range(2):
        balance = ledger.balance({KEY: case.committed}, {KEY: case.log_end})
        dropped = sum(sum(record.dropped.values()) for record in case.records)
        account = balance.accounts[CAM]
        assert account.dropped.total() == dropped
        account.dropped.clear()
        assert account == case.account
        assert balance.uncounted == ({} if case.uncounted is None else {"m": case.uncounted})
        assert [str(entry) for entry in balance.unexplained] == case.faults
        miscounted = sum(entry.frames for entry in balance.unexplained if entry.fault is Fault.IMBALANCE)
        assert account.cropped == dropped + account.delivered + miscounted
        outcomes = account.inferred + account.dead + account.skipped + account.in_log + account.gone
        assert account.delivered == outcomes + account.unexplained - miscounted
        ledger.fold({KEY: case.log_end})


def test_crops_and_frames_of_one_topic_do_not_mix() -> None:
    """A model may follow another and be replaced by one that does not: old crops stay crops."""
    ledger = Ledger()
    ledger.add_crops(crops(0))
    ledger.add_counts(counts(0, 1, (1, 1)))
    for offset in (0, 1):
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    balance = ledger.balance({KEY: 2}, {KEY: 2})
    assert balance.is_clean
    assert balance.accounts == {CAM: Account(captured=1, cropped=1, delivered=2, inferred=2)}


def test_who_names_a_captured_frame_as_a_crop_is_found() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(0, 1, (0, 0)))
    ledger.add_crops(crops(0))
    ledger.add_outcome(FrameAddress("m", 0, 0), OK)
    balance = ledger.balance({KEY: 1}, {KEY: 1})
    assert [str(entry) for entry in balance.unexplained] == ["named-twice: m cam 1 frames"]


def test_a_crop_that_was_sent_again_is_redriven() -> None:
    ledger = Ledger()
    ledger.add_crops(crops(0))
    ledger.add_outcome(FrameAddress("m", 0, 0), D)
    ledger.add_redrive(FrameAddress("m", 0, 1), "cam")
    ledger.add_outcome(FrameAddress("m", 0, 1), OK)
    balance = ledger.balance({KEY: 2}, {KEY: 2})
    assert balance.is_clean
    assert balance.accounts == {CAM: Account(cropped=1, redriven=1, delivered=2, dead=1, inferred=1)}


def test_a_window_counts_the_crops_that_were_appended_in_it() -> None:
    ledger = Ledger()
    ledger.add_crops(crops(0, 1, dropped=1))
    ledger.add_crops(crops(2, 3, dropped=1, parent=8), later=True)
    ledger.restrict("m", 0, 1, 3)
    for offset in range(4):
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    balance = ledger.balance({KEY: 4}, {KEY: 4})
    assert balance.is_clean
    account = balance.accounts[CAM]
    assert (account.cropped, account.dropped.total(), account.delivered, account.inferred) == (3, 1, 2, 2)
