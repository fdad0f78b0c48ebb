from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from deploy.cli.audit_watch import AuditWatch
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Account, Balance, Fault, Unexplained
from schemas.messages import FrameAddress

MODEL = "object-detection"
ACCOUNT = Account(
    captured=1200, dropped=Counter({"superseded": 3, "queue-full": 1}), delivered=1196, inferred=1190, stale=2, in_log=4
)
CLEAN = Balance(
    accounts={("door", MODEL): ACCOUNT},
    uncounted={MODEL: Account(delivered=2, inferred=2)},
    unexplained=(),
    conflicts=0,
    repeats=0,
)
LOST = Unexplained(Fault.LOST, MODEL, "door", address=FrameAddress(MODEL, 0, 7))
DIRTY = replace(CLEAN, unexplained=(LOST,))


class Audits:
    """An auditor whose audits are given; an error is an audit that fails."""

    def __init__(self, *balances: Balance | Exception) -> None:
        self._left = list(balances)
        self._now: Balance | None = None

    def refresh(self, deadline_s: float) -> None:
        balance = self._left.pop(0)
        if isinstance(balance, Exception):
            raise balance
        self._now = balance

    def balance(self) -> Balance:
        assert self._now is not None
        return self._now


def watched(
    *balances: Balance | Exception, terminal: bool = False, as_json: bool = False, notices: StringIO | None = None
) -> list[str]:
    shown = StringIO()
    console = Console(file=shown, width=140, force_terminal=terminal, color_system=None)
    aside = Console(file=notices or StringIO(), width=140)
    watch = AuditWatch(Audits(*balances), as_json=as_json, console=console, notices=aside)
    with watch.screen():
        for _ in balances:
            watch.step(1.0)
    return shown.getvalue().splitlines()


def test_without_a_terminal_a_row_is_a_line_and_the_verdict_another() -> None:
    door, uncounted, verdict = watched(CLEAN)
    assert door == (
        f"camera=door model={MODEL} captured=1200 dropped=4 delivered=1196 inferred=1190 dead=0 stale=2 expired=0 "
        "in_log=4 unexplained=0 failed=0 unknown=0 other=0 redriven=0 gone=0"
    )
    assert uncounted.startswith(f"camera=(uncounted) model={MODEL} captured=0 ")
    assert verdict.split(" ", 1)[1] == "every frame explained"


def test_a_fault_is_said_once_and_that_it_is_gone_too() -> None:
    lines = watched(CLEAN, DIRTY, DIRTY, CLEAN)
    assert [line for line in lines if "lost" in line] == [
        f"lost: {MODEL} door {MODEL}/0/7",
        f"explained since: lost: {MODEL} door {MODEL}/0/7",
    ]
    assert [line.split(" ", 1)[1] for line in lines if line[2] == ":"] == [
        "every frame explained",
        "1 frames are unexplained",
        "1 frames are unexplained",
        "every frame explained",
    ]


def faults(*entries: Unexplained, unnamed: int = 0) -> Balance:
    return replace(CLEAN, unexplained=entries, unnamed=unnamed)


def test_a_fault_that_stands_is_not_called_explained_because_more_is_known_of_it() -> None:
    imbalance = Unexplained(Fault.IMBALANCE, MODEL, "door", frames=4, run=42)
    other_run = replace(imbalance, run=43)
    lines = watched(
        faults(replace(LOST, camera=None), imbalance),
        faults(LOST, replace(imbalance, frames=9), other_run),
        faults(LOST, other_run),
    )
    assert [line for line in lines if "lost: " in line or "imbalance: " in line] == [
        f"lost: {MODEL} (uncounted) {MODEL}/0/7",
        f"imbalance: {MODEL} door run 42, 4 frames",
        f"imbalance: {MODEL} door run 43, 4 frames",
        f"explained since: imbalance: {MODEL} door run 42, 9 frames",
    ]


def test_while_some_are_not_named_nothing_is_called_explained() -> None:
    later = replace(LOST, address=FrameAddress(MODEL, 0, 8))
    lines = watched(faults(LOST), faults(later, unnamed=1), faults(LOST, later), faults(later))
    assert [line for line in lines if "lost: " in line] == [
        f"lost: {MODEL} door {MODEL}/0/7",
        f"lost: {MODEL} door {MODEL}/0/8",
        f"explained since: lost: {MODEL} door {MODEL}/0/7",
    ]


def test_faults_in_masses_are_a_number() -> None:
    many = tuple(replace(LOST, address=FrameAddress(MODEL, 0, offset)) for offset in range(250))
    lines = watched(replace(CLEAN, unexplained=many, unnamed=50))
    assert sum(line.startswith("lost: ") for line in lines) == 100
    assert "… and 150 faults more; framebus audit names them" in lines
    assert lines[-1].endswith("300 frames are unexplained")


def test_a_terminal_shows_a_table_and_columns_only_for_what_there_is() -> None:
    text = "\n".join(watched(DIRTY, terminal=True))
    assert f"lost: {MODEL} door {MODEL}/0/7" in text
    assert f"door {MODEL} 1,200 4 1,196 1,190 0 2 0 4 0" in " ".join(text.split())
    assert "failed" not in text
    account = replace(ACCOUNT, failed=1)
    assert "failed" in "\n".join(watched(replace(CLEAN, accounts={("door", MODEL): account}), terminal=True))


def test_json_is_a_report_a_line() -> None:
    reports = [json.loads(line) for line in watched(CLEAN, DIRTY, as_json=True)]
    assert [report["clean"] for report in reports] == [True, False]
    assert reports[0]["accounts"][0]["captured"] == 1200


def test_a_broker_that_goes_away_is_said_and_waited_for() -> None:
    away = EnvironmentMissingError("Kafka at 127.0.0.1:9092 gave no topics")
    lines = watched(CLEAN, away, CLEAN)
    assert lines.count(f"no audit: {away}") == 1
    notices = StringIO()
    assert [json.loads(line)["clean"] for line in watched(CLEAN, away, CLEAN, as_json=True, notices=notices)] == [
        True
    ] * 2
    assert notices.getvalue() == f"no audit: {away}\n"
    with pytest.raises(EnvironmentMissingError, match="gave no topics"):
        watched(away)
