from __future__ import annotations

from collections import Counter
from dataclasses import replace

from api.audit.report import AuditReport, render
from schemas.ledger import Account, Balance, Fault, MalformedRecord, Unexplained
from schemas.messages import FrameAddress
from tests.unit.api.samples import T0

CLEAN = Balance(
    accounts={
        ("yard", "object-detection"): Account(
            captured=12345,
            dropped=Counter({"superseded": 3, "queue-full": 2}),
            delivered=12340,
            inferred=12300,
            stale=20,
            expired=10,
            dead=4,
            in_log=6,
        ),
        ("gate", "face-detection"): Account(captured=5, unknown=1, failed=1, delivered=3, inferred=3),
    },
    uncounted={"face-detection": Account(delivered=2, inferred=2)},
    unexplained=(),
    conflicts=1,
    repeats=7,
)
LOST = Unexplained(Fault.LOST, "face-detection", "gate", address=FrameAddress("face-detection", 3, 17))
VANISHED = Unexplained(Fault.IMBALANCE, "face-detection", "gate", frames=4, run=42)
DIRTY = Balance(
    accounts={},
    uncounted={},
    unexplained=(LOST, VANISHED),
    conflicts=0,
    repeats=0,
    malformed=(MalformedRecord("framebus.skips", 1, 5, "skip: the value is empty"),),
    malformed_count=3,
)


def test_a_clean_balance_as_text() -> None:
    assert render(CLEAN).split("\n") == [
        "camera       model             captured  dropped  failed  unknown  delivered  inferred  skipped  dead  in log",
        "gate         face-detection           5        0       1        1          3         3        0     0       0",
        "yard         object-detection    12,345        5       0        0     12,340    12,300       30     4       6",
        "(uncounted)  face-detection           0        0       0        0          2         2        0     0       0",
        "",
        "(uncounted): in the log without a capture record: sent in the last second, "
        "or by a capture worker that was killed",
        "7 outcomes were recorded again by a redelivery, 1 with another outcome "
        "(the highest counts: inferred, dead, stale, other, expired)",
        "every frame explained",
    ]


def test_what_was_sent_again_has_a_column_when_there_is_some() -> None:
    account = Account(captured=5, redriven=2, delivered=7, inferred=6, dead=1)
    balance = Balance(accounts={("yard", "m"): account}, uncounted={}, unexplained=(), conflicts=0, repeats=0)
    head, row = render(balance).split("\n")[:2]
    assert dict(zip(head.split()[2:6], row.split()[2:6], strict=True)) == {
        "captured": "5",
        "redriven": "2",
        "dropped": "0",
        "failed": "0",
    }
    assert AuditReport.of(balance, at=T0).accounts[0].redriven == 2


def test_what_retention_took_unread_is_said() -> None:
    account = Account(captured=5, delivered=5, in_log=1, gone=4)
    balance = Balance(accounts={("yard", "m"): account}, uncounted={}, unexplained=(), conflicts=0, repeats=0)
    head, row, _, *sentences = render(balance).split("\n")
    assert (head.split()[-1], row.split()[-1]) == ("gone", "4")
    assert sentences == [
        "gone: retention took them unread, and no worker has recorded that yet: the next that starts does",
        "every frame explained, 4 of them gone unread",
    ]
    assert AuditReport.of(balance, at=T0).accounts[0].gone == 4


def test_what_is_unexplained_as_text() -> None:
    assert render(DIRTY).split("\n") == [
        "no frame was captured yet",
        "",
        "malformed: framebus.skips partition 1 offset 5: skip: the value is empty",
        "3 records could not be read",
        "lost: face-detection gate face-detection/3/17",
        "imbalance: face-detection gate run 42, 4 frames",
        "5 frames are unexplained",
    ]


def test_a_balance_as_json() -> None:
    report = AuditReport.of(CLEAN, at=T0)
    assert (report.at, report.clean, report.conflicts, report.repeats) == ("2026-01-31T12:00:00.000000Z", True, 1, 7)
    assert [(account.camera, account.model) for account in report.accounts] == [
        ("gate", "face-detection"),
        ("yard", "object-detection"),
    ]
    yard = report.accounts[1]
    assert (yard.skipped, yard.dropped, yard.in_log) == (30, {"superseded": 3, "queue-full": 2}, 6)
    assert report.uncounted[0].model_dump(include={"model", "inferred"}) == {"model": "face-detection", "inferred": 2}
    assert AuditReport.model_validate_json(report.model_dump_json()) == report


def test_what_is_unexplained_as_json() -> None:
    report = AuditReport.of(DIRTY, at=T0, limit=1)
    assert (report.clean, report.unexplained_count, report.malformed_count) == (False, 2, 3)
    assert [entry.model_dump() for entry in report.unexplained] == [
        {
            "fault": "lost",
            "model": "face-detection",
            "camera": "gate",
            "frames": 1,
            "address": "face-detection/3/17",
            "run": None,
            "parent": None,
        }
    ]
    assert AuditReport.of(DIRTY, at=T0).unexplained[1].run == 42
    assert report.malformed[0].error == "skip: the value is empty"


def test_an_audit_that_could_not_read_everything_does_not_say_that_everything_is_explained() -> None:
    text = render(replace(DIRTY, unexplained=()))
    assert text.endswith("3 records could not be read\nevery frame explained, as far as the records could be read")
