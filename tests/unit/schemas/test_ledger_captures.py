from __future__ import annotations

from datetime import UTC, datetime

from schemas.ledger import Account, Fault, Ledger, Outcome
from schemas.ledger.captures import KEPT_RUNS
from schemas.messages import CaptureCounts, DropReason, FrameAddress, PartitionRanges

NOW = datetime(2026, 1, 31, tzinfo=UTC)
CAM = ("cam", "m")


def record(run: int, first: int, after: int, *offsets: int, **fields: int) -> CaptureCounts:
    dropped = {DropReason.SUPERSEDED: fields.pop("dropped")} if "dropped" in fields else {}
    return CaptureCounts.model_validate(
        {
            "camera": "cam",
            "model": "m",
            "run": run,
            "time": NOW,
            "first_seq": first,
            "next_seq": after,
            "dropped": dropped,
            "delivered": (PartitionRanges.of(0, offsets),) if offsets else (),
            **fields,
        }
    )


def test_old_runs_are_kept_as_a_sum() -> None:
    ledger, runs = Ledger(), 5 * KEPT_RUNS
    for run in range(runs):
        ledger.add_counts(record(run, 0, 4, 2 * run, 2 * run + 1, dropped=1, in_flight=1))
        ledger.add_outcome(FrameAddress("m", 0, 2 * run), Outcome.INFERRED)
        ledger.add_outcome(FrameAddress("m", 0, 2 * run + 1), Outcome.INFERRED)
    (stream,) = ledger._streams.values()
    assert len(list(stream.sums())) == KEPT_RUNS + 1
    account = ledger.balance({}, {("m", 0): 2 * runs}).accounts[CAM]
    assert account.dropped == {"superseded": runs}
    account.dropped.clear()
    assert account == Account(captured=4 * runs, delivered=2 * runs, unknown=runs, inferred=2 * runs)
    ledger.add_counts(record(3, 0, 4, 6, 7, dropped=1, in_flight=1))  # a repeat of long ago
    assert ledger.balance({}, {}).accounts[CAM].captured == 4 * runs


def test_a_run_that_does_not_balance_is_named_for_ever() -> None:
    ledger = Ledger()
    for run in range(5 * KEPT_RUNS):
        ledger.add_counts(record(run, 0, 1, dropped=0 if run == 2 else 1))
    (entry,) = ledger.balance({}, {}).unexplained
    assert (entry.fault, entry.run, entry.frames) == (Fault.IMBALANCE, 2, 1)


def test_in_a_window_both_equations_hold() -> None:
    """Offsets 10 to 19 are the window's; the first record reaches back before it, the last was written after it."""
    ledger = Ledger()
    ledger.add_counts(record(1, 5, 12, *range(6, 13), dropped=2), trimmed=True)
    ledger.add_counts(record(1, 12, 19, *range(13, 17), failed=1, in_flight=2), trimmed=True)
    ledger.add_later(record(1, 19, 30, *range(17, 30)))
    ledger.restrict("m", 0, 10, 20)
    ledger.cover("m", 0, 0, 30)
    for offset in range(5, 19):
        ledger.add_outcome(FrameAddress("m", 0, offset), Outcome.INFERRED)
    balance = ledger.balance({("m", 0): 19}, {("m", 0): 30})
    account = balance.accounts[CAM]
    assert account.captured == sum(account.dropped.values()) + account.delivered + account.failed + account.unknown
    account.dropped.clear()
    assert account == Account(captured=13, delivered=10, failed=1, inferred=9, in_log=1)
    assert balance.is_clean
    assert balance.uncounted == {}
