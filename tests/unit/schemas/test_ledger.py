from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import MessageError
from schemas.ledger import Account, Balance, Fault, Ledger, Outcome
from schemas.ledger.ledger import CAMERAS
from schemas.messages import CaptureCounts, DropReason, FrameAddress, PartitionRanges

NOW = datetime(2026, 1, 31, tzinfo=UTC)
KEY = ("m", 0)
CAM = ("cam", "m")


def counts(
    first: int,
    after: int,
    *ranges: tuple[int, int],
    camera: str = "cam",
    run: int = 1,
    dropped: int = 0,
    failed: int = 0,
    in_flight: int = 0,
    closed: bool = False,
) -> CaptureCounts:
    return CaptureCounts(
        camera=camera,
        model="m",
        run=run,
        time=NOW,
        first_seq=first,
        next_seq=after,
        dropped={DropReason.SUPERSEDED: dropped} if dropped else {},
        failed=failed,
        delivered=(PartitionRanges(partition=0, ranges=ranges),) if ranges else (),
        in_flight=in_flight,
        closed=closed,
    )


@dataclass(frozen=True)
class Case:
    name: str
    captures: list[CaptureCounts]
    outcomes: dict[int, list[Outcome]]
    committed: int
    log_end: int
    account: Account
    faults: list[tuple[Fault, int]] = field(default_factory=list)
    log_start: int = 0


OK, D, S, E = Outcome.INFERRED, Outcome.DEAD, Outcome.STALE, Outcome.EXPIRED

CASES = [
    Case(
        "all inferred",
        [counts(0, 3, (0, 2))],
        {0: [OK], 1: [OK], 2: [OK]},
        3,
        3,
        Account(captured=3, delivered=3, inferred=3),
    ),
    Case(
        "one of each outcome, one still in the log",
        [counts(0, 5, (0, 4))],
        {0: [OK], 1: [D], 2: [S], 3: [E]},
        4,
        5,
        Account(captured=5, delivered=5, inferred=1, dead=1, stale=1, expired=1, in_log=1),
    ),
    Case(
        "committed without an outcome is lost",
        [counts(0, 3, (0, 2))],
        {0: [OK], 2: [OK]},
        3,
        3,
        Account(captured=3, delivered=3, inferred=2, unexplained=1),
        [(Fault.LOST, 1)],
    ),
    Case(
        "an outcome above the committed offset counts",
        [counts(0, 2, (0, 1))],
        {0: [OK], 1: [OK]},
        0,
        2,
        Account(captured=2, delivered=2, inferred=2),
    ),
    Case(
        "what retention took unread is gone, and what is left is in the log",
        [counts(0, 4, (0, 3))],
        {},
        0,
        4,
        Account(captured=4, delivered=4, gone=3, in_log=1),
        log_start=3,
    ),
    Case(
        "what retention took counts by its outcome, is gone, or is lost, below the committed offset",
        [counts(0, 4, (0, 3))],
        {0: [OK], 3: [E]},
        2,
        4,
        Account(captured=4, delivered=4, inferred=1, expired=1, gone=1, unexplained=1),
        [(Fault.LOST, 1)],
        log_start=4,
    ),
    Case(
        "redelivery: the highest outcome counts",
        [counts(0, 2, (0, 1))],
        {0: [S, OK], 1: [OK, D]},
        2,
        2,
        Account(captured=2, delivered=2, inferred=2),
    ),
    Case(
        "a delivery that the log does not have",
        [counts(0, 2, (0, 1))],
        {0: [OK]},
        1,
        1,
        Account(captured=2, delivered=2, inferred=1, unexplained=1),
        [(Fault.BEYOND_LOG, 1)],
    ),
    Case(
        "dropped and failed frames are explained",
        [counts(0, 5, (0, 1), dropped=2, failed=1)],
        {0: [OK], 1: [OK]},
        2,
        2,
        Account(captured=5, delivered=2, failed=1, inferred=2),
    ),
    Case(
        "in flight now, delivered in the next record",
        [counts(0, 3, (0, 1), in_flight=1), counts(3, 4, (2, 3), closed=True)],
        {n: [OK] for n in range(4)},
        4,
        4,
        Account(captured=4, delivered=4, inferred=4),
    ),
    Case(
        "in flight at the last record is unknown",
        [counts(0, 3, (0, 1), in_flight=1)],
        {0: [OK], 1: [OK]},
        2,
        2,
        Account(captured=3, delivered=2, unknown=1, inferred=2),
    ),
    Case(
        "a lost produce breaks the conservation law",
        [counts(0, 3, (0, 1), closed=True)],
        {0: [OK], 1: [OK]},
        2,
        2,
        Account(captured=3, delivered=2, inferred=2, unexplained=1),
        [(Fault.IMBALANCE, -1)],
    ),
    Case(
        "deliveries from nowhere break it too",
        [counts(0, 1, (0, 1), closed=True)],
        {0: [OK], 1: [OK]},
        2,
        2,
        Account(captured=1, delivered=2, inferred=2, unexplained=1),
        [(Fault.IMBALANCE, -1)],
    ),
    Case(
        "a missing record makes its frames unknown, not lost",
        [counts(0, 1, (0, 0)), counts(3, 4, (3, 3))],
        {n: [OK] for n in range(4)},
        4,
        4,
        Account(captured=4, delivered=2, unknown=2, inferred=2),
    ),
    Case(
        "deliveries of a missing record's frames may be told by the next",
        [counts(0, 2, (0, 0), in_flight=1), counts(4, 5, (1, 2), in_flight=1)],
        {n: [OK] for n in range(3)},
        3,
        3,
        Account(captured=5, delivered=3, unknown=2, inferred=3),
    ),
    Case(
        "a missing record excuses no frames that the next one loses",
        [counts(0, 1, (0, 0)), counts(3, 1003, (1, 1))],
        {n: [OK] for n in range(2)},
        2,
        2,
        Account(captured=1003, delivered=2, unknown=2, inferred=2, unexplained=999),
        [(Fault.IMBALANCE, -1)],
    ),
    Case(
        "a missing record's frames are no more than it had",
        [counts(0, 2, (0, 0), in_flight=1), counts(4, 5, (1, 6))],
        {n: [OK] for n in range(7)},
        7,
        7,
        Account(captured=5, delivered=7, inferred=7, unexplained=2),
        [(Fault.IMBALANCE, -1)],
    ),
    Case(
        "a record read twice counts once",
        [counts(0, 1, (0, 0)), counts(0, 1, (0, 0))],
        {0: [OK]},
        1,
        1,
        Account(captured=1, delivered=1, inferred=1),
    ),
    Case(
        "two runs of one camera add up",
        [counts(0, 1, (0, 0), run=1), counts(0, 2, (1, 2), run=7)],
        {n: [OK] for n in range(3)},
        3,
        3,
        Account(captured=3, delivered=3, inferred=3),
    ),
    Case(
        "a gap below the committed offset that nobody knows of is lost",
        [counts(0, 2, (0, 0), (2, 2))],
        {0: [OK], 2: [OK]},
        3,
        3,
        Account(captured=2, delivered=2, inferred=2),
        [(Fault.LOST, 1)],
    ),
    Case(
        "committed beyond everything that is known",
        [counts(0, 1, (0, 0))],
        {0: [OK]},
        2,
        2,
        Account(captured=1, delivered=1, inferred=1),
        [(Fault.LOST, 1)],
    ),
    Case(
        "a delivery that another run names too hides where its own frame is",
        [counts(0, 2, (0, 1), run=1), counts(0, 2, (1, 2), run=7)],
        {n: [OK] for n in range(4)},
        4,
        4,
        Account(captured=4, delivered=4, inferred=3, unexplained=1),
        [(Fault.NAMED_TWICE, -1)],
    ),
    Case(
        "a delivery that another camera names too",
        [counts(0, 2, (0, 1)), counts(0, 2, (1, 2), camera="yard")],
        {n: [OK] for n in range(3)},
        3,
        3,
        Account(captured=2, delivered=2, inferred=1, unexplained=1),
        [(Fault.NAMED_TWICE, -1)],
    ),
]


def balance(case: Case) -> Balance:
    ledger = Ledger()
    for offset, outcomes in case.outcomes.items():
        for outcome in outcomes:
            ledger.add_outcome(FrameAddress("m", 0, offset), outcome)
    for record in case.captures:
        ledger.add_counts(record)
    ledger.fold({KEY: case.log_start})
    return ledger.balance({KEY: case.committed}, {KEY: case.log_end}, log_start={KEY: case.log_start})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_ledger(case: Case) -> None:
    made = balance(case)
    account = made.accounts[CAM]
    dropped = sum(account.dropped.values())
    account.dropped.clear()
    assert account == case.account
    offsets = [(fault.fault, fault.address.offset if fault.address else -1) for fault in made.unexplained]
    assert offsets == case.faults
    if not any(fault is Fault.IMBALANCE for fault, _ in case.faults):
        assert account.captured == dropped + account.delivered + account.failed + account.unknown


def test_a_frame_that_no_capture_record_names_has_an_outcome_of_its_own() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(0, 2, (0, 1), in_flight=0))
    for offset in range(4):
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    made = ledger.balance({KEY: 4}, {KEY: 4})
    assert made.uncounted == {"m": Account(delivered=2, inferred=2)}
    assert made.unexplained == ()


def test_a_run_whose_beginning_retention_took_starts_where_the_records_do() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(1000, 1003, (500, 504)), trimmed=True)  # two of them were in flight before
    ledger.add_counts(counts(1003, 1004, (505, 505), closed=True), trimmed=True)
    for offset in range(500, 506):
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    made = ledger.balance({KEY: 506}, {KEY: 506})
    assert made.accounts[CAM] == Account(captured=6, delivered=6, inferred=6)
    assert made.unexplained == ()


def test_outcomes_that_are_left_below_the_horizon_make_nothing_a_loss() -> None:
    ledger = Ledger()
    ledger.add_outcome(FrameAddress("m", 0, 100), D)  # dead letters happened to be kept longer than results
    ledger.add_counts(counts(1000, 1002, (108, 109)), trimmed=True)
    ledger.add_outcome(FrameAddress("m", 0, 108), OK)
    assert ledger.horizons({KEY: 109, ("other", 0): 5}) == {KEY: 108}
    made = ledger.balance({KEY: 110}, {KEY: 110}, ledger.horizons({KEY: 109}))
    assert [str(fault) for fault in made.unexplained] == ["lost: m cam m/0/109"]
    assert len(ledger.balance({KEY: 110}, {KEY: 110}).unexplained) == 8


def test_two_cameras_share_a_partition() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(0, 2, (0, 0), (2, 2), camera="a"))
    ledger.add_counts(counts(0, 1, (1, 1), camera="b"))
    for offset, outcome in enumerate((OK, D, S)):
        ledger.add_outcome(FrameAddress("m", 0, offset), outcome)
    made = ledger.balance({KEY: 3}, {KEY: 3})
    assert made.accounts["a", "m"] == Account(captured=2, delivered=2, inferred=1, stale=1)
    assert made.accounts["b", "m"] == Account(captured=1, delivered=1, dead=1)


def test_repeats_and_conflicts_are_counted() -> None:
    ledger = Ledger()
    for outcome in (OK, OK, S, OK):
        ledger.add_outcome(FrameAddress("m", 0, 5), outcome)
    made = ledger.balance({KEY: 6}, {KEY: 6})
    assert (made.repeats, made.conflicts) == (2, 1)


def test_the_addresses_are_in_the_words() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(0, 3, (0, 1), closed=True))
    ledger.add_outcome(FrameAddress("m", 0, 1), OK)
    words = [str(fault) for fault in ledger.balance({KEY: 2}, {KEY: 2}).unexplained]
    assert words == ["imbalance: m cam run 1, 1 frames", "lost: m cam m/0/0"]


@given(
    fates=st.lists(st.sampled_from(["drop", "fail", *Outcome]), max_size=60),
    committed=st.integers(0, 60),
    start=st.integers(0, 60),
    order=st.randoms(use_true_random=False),
)
def test_every_delivered_frame_stands_in_exactly_one_column(
    fates: list[str | Outcome], committed: int, start: int, order: object
) -> None:
    delivered = [fate for fate in fates if isinstance(fate, Outcome)]
    ledger = Ledger()
    offset = 0
    for seq, fate in enumerate(fates):
        ranges = [(offset, offset)] if isinstance(fate, Outcome) else []
        ledger.add_counts(counts(seq, seq + 1, *ranges, dropped=fate == "drop", failed=fate == "fail"))
        offset += len(ranges)
    addressed = list(enumerate(delivered))
    order.shuffle(addressed)  # type: ignore[attr-defined]
    for place, outcome in addressed:
        if outcome:
            ledger.add_outcome(FrameAddress("m", 0, place), outcome)
    committed, start = min(committed, len(delivered)), min(start, len(delivered))
    ledger.fold({KEY: start})
    made = ledger.balance({KEY: committed}, {KEY: len(delivered)}, log_start={KEY: start})
    account = made.accounts.get(CAM, Account())
    lost = sum(not outcome for outcome in delivered[:committed])
    assert len(made.unexplained) == lost == account.unexplained
    assert account.gone == sum(not outcome for outcome in delivered[committed:start])
    assert account.in_log == sum(not outcome for outcome in delivered[max(committed, start) :])
    outcomes = account.inferred + account.dead + account.skipped
    assert account.delivered == outcomes + account.in_log + account.gone + lost
    assert account.captured == sum(account.dropped.values()) + account.delivered + account.failed


def test_what_is_too_old_to_be_missed_is_not_counted_as_delivered() -> None:
    """Retention cuts each log of outcomes at a place of its own: of offset 1 nobody knows any more what it was."""
    ledger = Ledger()
    for offset in (0, 2, 3, 4):
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    ledger.add_counts(counts(7, 8, (4, 4)), trimmed=True)
    ledger.cover("m", 0, 3, 6)
    made = ledger.balance({KEY: 5}, {KEY: 6}, ledger.horizons({KEY: 3}))
    assert made.is_clean
    assert made.uncounted == {"m": Account(delivered=4, inferred=3, in_log=1)}


def test_more_cameras_than_can_be_told_apart_are_refused() -> None:
    """Whoever can write results chooses their keys: an audit must survive as many as there are."""
    ledger = Ledger()
    for number in range(CAMERAS):
        ledger.add_redrive(FrameAddress("m", 0, 0), f"c{number}")
    with pytest.raises(MessageError, match="redrive: camera 'one-more' is one too many: expected at most 65,535"):
        ledger.add_redrive(FrameAddress("m", 0, 1), "one-more")
    with pytest.raises(MessageError, match="capture counts: camera 'cam' is one too many"):
        ledger.add_counts(counts(0, 1, (1, 1)))
    ledger.add_redrive(FrameAddress("m", 0, 1), "c7")
    assert ledger.balance({}, {KEY: 2}).accounts["c7", "m"] == Account(redriven=1, delivered=1, in_log=1)
