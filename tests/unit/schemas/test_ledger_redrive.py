"""Dead letters that were sent again, in the ledger: both equations hold, and nothing is unexplained."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ledger import Account, Ledger, Outcome
from schemas.messages import FrameAddress
from tests.unit.schemas.test_ledger import CAM, KEY, counts

OK, D, S, E = Outcome.INFERRED, Outcome.DEAD, Outcome.STALE, Outcome.EXPIRED


@dataclass(frozen=True)
class Case:
    """One frame was captured and delivered at offset 0, and died; what came then."""

    name: str
    redriven: list[tuple[int, str | None]]
    outcomes: dict[int, Outcome]
    committed: int
    log_end: int
    account: Account
    faults: list[str] = field(default_factory=list)
    uncounted: Account | None = None


CASES = [
    Case("inferred", [(1, "cam")], {1: OK}, 2, 2, Account(captured=1, redriven=1, delivered=2, dead=1, inferred=1)),
    Case(
        "inferred, with two witnesses",
        [(1, "cam"), (1, "cam")],
        {1: OK},
        2,
        2,
        Account(captured=1, redriven=1, delivered=2, dead=1, inferred=1),
    ),
    Case(
        "dead again, and again",
        [(1, "cam"), (2, "cam")],
        {1: D, 2: D},
        3,
        3,
        Account(captured=1, redriven=2, delivered=3, dead=3),
    ),
    Case("waiting", [(1, "cam")], {}, 1, 2, Account(captured=1, redriven=1, delivered=2, dead=1, in_log=1)),
    Case("expired", [(1, "cam")], {1: E}, 2, 2, Account(captured=1, redriven=1, delivered=2, dead=1, expired=1)),
    Case(
        "sent twice by somebody who was killed, one record lost until its outcome tells of it",
        [(2, "cam")],
        {2: OK},
        1,
        3,
        Account(captured=1, redriven=1, delivered=2, dead=1, inferred=1),
        uncounted=Account(delivered=1, in_log=1),
    ),
    Case(
        "sent, and then lost",
        [(1, "cam")],
        {},
        2,
        2,
        Account(captured=1, redriven=1, delivered=2, dead=1, unexplained=1),
        ["lost: m cam m/0/1"],
    ),
    Case(
        "recorded, but not in the log",
        [(1, "cam")],
        {},
        1,
        1,
        Account(captured=1, redriven=1, delivered=2, dead=1, unexplained=1),
        ["beyond-log: m cam m/0/1"],
    ),
    Case(
        "of a camera that nobody can tell",
        [(1, None)],
        {1: D},
        2,
        2,
        Account(captured=1, delivered=1, dead=1),
        uncounted=Account(redriven=1, delivered=1, dead=1),
    ),
    Case("a captured frame that says it of itself", [(0, "cam")], {}, 1, 1, Account(captured=1, delivered=1, dead=1)),
]


def told(case: Case, *, captures_first: bool = True) -> Ledger:
    ledger = Ledger()
    if captures_first:
        ledger.add_counts(counts(0, 1, (0, 0)))
    for offset, camera in case.redriven:
        ledger.add_redrive(FrameAddress("m", 0, offset), camera)
    if not captures_first:
        ledger.add_counts(counts(0, 1, (0, 0)))
    ledger.add_outcome(FrameAddress("m", 0, 0), D)
    for offset, outcome in case.outcomes.items():
        ledger.add_outcome(FrameAddress("m", 0, offset), outcome)
    ledger.cover("m", 0, 0, case.log_end)
    return ledger


@pytest.mark.parametrize("captures_first", [True, False], ids=["captures first", "redrives first"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_redriven_frame_has_an_address_and_an_outcome(case: Case, captures_first: bool) -> None:
    ledger = told(case, captures_first=captures_first)
    for _ in range(2):
        balance = ledger.balance({KEY: case.committed}, {KEY: case.log_end})
        assert balance.accounts == {CAM: case.account}
        assert balance.uncounted == ({} if case.uncounted is None else {"m": case.uncounted})
        assert [str(entry) for entry in balance.unexplained] == case.faults
        for account in balance.accounts.values():
            _assert_equations(account, counted=True)
        for account in balance.uncounted.values():
            _assert_equations(account, counted=False)
        ledger.fold({KEY: case.log_end})  # and once more when what is settled is folded


def _assert_equations(account: Account, *, counted: bool) -> None:
    if counted:
        assert account.captured + account.redriven == account.delivered + account.failed + account.unknown
    outcomes = account.inferred + account.dead + account.skipped + account.in_log + account.gone + account.unexplained
    assert account.delivered == outcomes


def test_a_witness_that_comes_after_the_fold_still_counts() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(0, 1, (0, 0)))
    ledger.add_outcome(FrameAddress("m", 0, 0), D)
    ledger.add_outcome(FrameAddress("m", 0, 1), OK)
    ledger.fold({KEY: 2})
    assert ledger.balance({KEY: 2}, {KEY: 2}).uncounted == {"m": Account(delivered=1, inferred=1)}
    ledger.add_redrive(FrameAddress("m", 0, 1), "cam")
    ledger.add_redrive(FrameAddress("m", 0, 1), "cam")
    balance = ledger.balance({KEY: 2}, {KEY: 2})
    assert balance.uncounted == {}
    assert balance.accounts == {CAM: Account(captured=1, redriven=1, delivered=2, dead=1, inferred=1)}


def test_a_camera_that_only_redrives_tell_of_has_an_account() -> None:
    ledger = Ledger()
    ledger.add_redrive(FrameAddress("m", 0, 5), "old")
    ledger.add_outcome(FrameAddress("m", 0, 5), OK)
    assert ledger.balance({KEY: 6}, {KEY: 6}).accounts == {
        ("old", "m"): Account(redriven=1, delivered=1, inferred=1),
    }


def test_a_window_counts_what_was_sent_again_in_it() -> None:
    ledger = Ledger()
    ledger.add_counts(counts(0, 1, (0, 0)))
    ledger.restrict("m", 0, 1, 3)
    for offset in (1, 2, 3):
        ledger.add_redrive(FrameAddress("m", 0, offset), "cam")
        ledger.add_outcome(FrameAddress("m", 0, offset), OK)
    balance = ledger.balance({KEY: 4}, {KEY: 4})
    assert balance.accounts == {CAM: Account(redriven=2, delivered=2, inferred=2)}
    assert balance.is_clean


@given(
    captured=st.sets(st.integers(0, 30)),
    redriven=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["cam", "other", None])), max_size=20),
    outcomes=st.lists(st.tuples(st.integers(0, 30), st.sampled_from([OK, D, E])), max_size=60),
    committed=st.integers(0, 31),
    fold=st.integers(0, 31),
)
def test_both_equations_hold_whatever_is_said(
    captured: set[int],
    redriven: list[tuple[int, str | None]],
    outcomes: list[tuple[int, Outcome]],
    committed: int,
    fold: int,
) -> None:
    ledger = Ledger()
    if captured:
        ranges = [(offset, offset) for offset in sorted(captured)]
        ledger.add_counts(counts(0, len(captured), *ranges))
    for offset, camera in redriven:
        ledger.add_redrive(FrameAddress("m", 0, offset), camera)
    for offset, outcome in outcomes:
        ledger.add_outcome(FrameAddress("m", 0, offset), outcome)
    ledger.cover("m", 0, 0, 31)
    ledger.fold({KEY: fold})
    for offset, camera in redriven:
        ledger.add_redrive(FrameAddress("m", 0, offset), camera)
    balance = ledger.balance({KEY: committed}, {KEY: 31}, log_start={KEY: fold})
    for account in balance.accounts.values():
        _assert_equations(account, counted=True)
    for account in balance.uncounted.values():
        _assert_equations(account, counted=False)
    every = [*balance.accounts.values(), *balance.uncounted.values()]
    assert sum(account.delivered for account in every) == 31
    assert sum(account.redriven for account in every) == len({offset for offset, _ in redriven} - captured)
