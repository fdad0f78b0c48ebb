from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from deploy.local.report import build, failures
from deploy.local.tally import Tally
from schemas.ledger import Account, Balance, Fault, Unexplained
from schemas.messages import FrameAddress
from tests.unit.deploy.test_tally import T0, result

PAIR = ("street", "objects")
GOOD = Account(captured=110, dropped=Counter({"superseded": 10}), delivered=100, inferred=95, stale=3, expired=2)


def balance(account: Account, *unexplained: Unexplained) -> Balance:
    return Balance(accounts={PAIR: account}, uncounted={}, unexplained=unexplained, conflicts=0, repeats=0)


def tally(detections: int = 1) -> Tally:
    made = Tally()
    for offset in range(4):
        made.add(result(offset, detections=detections), appended_at=T0.timestamp() + offset + 0.1)
    return made


def test_the_report_has_the_promised_form() -> None:
    window = (T0.timestamp(), T0.timestamp() + 2)
    report = build(balance(GOOD), tally(), [PAIR], window=window)
    assert report == {
        "duration_s": 2.0,
        "cameras": {
            "street": {
                "objects": {
                    "captured": 110,
                    "dropped": 10,
                    "delivered": 100,
                    "inferred": 95,
                    "skipped": 5,
                    "dead": 0,
                    "in_log": 0,
                    "unexplained": 0,
                    "fps": 1.0,
                    "latency_ms": {"p50": 100.0, "p99": 100.0},
                    "detections": 4,
                }
            }
        },
    }
    assert failures(report, balance(GOOD)) == []


@pytest.mark.parametrize(
    ("account", "detections", "failure"),
    [
        (replace(GOOD, in_log=1), 1, "street objects: in_log = 1, expected 0"),
        (replace(GOOD, inferred=94), 1, "street objects: inferred = 94 of delivered = 100, expected 95%"),
        (Account(), 1, "street objects: inferred = 0 of delivered = 0, expected 95%"),
        (GOOD, 0, "street objects: detections = 0, expected 1 or more"),
        (replace(GOOD, unexplained=2), 1, "street objects: unexplained = 2, expected 0"),
    ],
)
def test_each_condition_can_fail_alone(account: Account, detections: int, failure: str) -> None:
    state = balance(account)
    report = build(state, tally(detections), [PAIR], window=(0.0, 1.0))
    assert failures(report, state) == [failure]


def test_a_camera_that_gave_nothing_is_in_the_report_and_fails() -> None:
    state = balance(GOOD)
    report = build(state, tally(), [PAIR, ("yard", "objects")], window=(0.0, 1.0))
    assert report["cameras"]["yard"]["objects"]["latency_ms"] == {"p50": None, "p99": None}
    assert [text for text in failures(report, state) if text.startswith("yard")] == [
        "yard objects: inferred = 0 of delivered = 0, expected 95%",
        "yard objects: detections = 0, expected 1 or more",
    ]


def test_what_no_camera_owns_fails_too() -> None:
    lost = Unexplained(Fault.LOST, "objects", None, address=FrameAddress("objects", 1, 2))
    state = balance(GOOD, lost)
    assert failures(build(state, tally(), [PAIR], window=(0.0, 1.0)), state) == [str(lost)]
