from __future__ import annotations

from datetime import timedelta

import pytest

from api.result_record import read_result
from schemas.contract import RESULT
from schemas.errors import MessageError
from schemas.messages import Parent
from tests.unit.api.samples import record

GOOD = RESULT.to_json()
PARENT = Parent(address="leader/0/7", index=1, box=(1.5, 2, 3, 4), map=(1, 0, 0, 0, 1, 0.25))
CROP = RESULT.model_copy(update={"frame": RESULT.frame.model_copy(update={"parent": PARENT})}).to_json()


def test_place_and_latency_of_a_record() -> None:
    one = record(5)
    assert one.id == "object-detection/0/5"
    assert timedelta(seconds=one.latency_s) == one.appended_at - one.result.frame.captured_at


def test_a_result_is_read() -> None:
    assert read_result(GOOD, "face-detection") == RESULT
    assert read_result(CROP, "face-detection").frame.parent == PARENT
    named = GOOD.replace(b'"label":"face"', b'"label":"NaN Infinity"')
    assert read_result(named, "face-detection").detections[0].label == "NaN Infinity"


@pytest.mark.parametrize(
    ("value", "model", "words"),
    [
        (None, "face-detection", "the value is empty"),
        (b"", "face-detection", "the value is empty"),
        (b"\xff\xfe", "face-detection", "Invalid JSON"),
        (b"[]", "face-detection", "result"),
        (GOOD, "object-detection", "model.name = 'face-detection': expected 'object-detection'"),
        (GOOD.replace(b'"wait":0.011', b'"wait":NaN'), "face-detection", "NaN: expected finite numbers"),
        (GOOD.replace(b"212.5", b"-Infinity"), "face-detection", "-Infinity: expected finite numbers"),
        (
            CROP.replace(b'"box":[1.5', b'"box":[1e999'),
            "face-detection",
            "parent of 'leader/0/7': expected finite numbers",
        ),
        (CROP.replace(b",0.25]", b',"nan"]'), "face-detection", "parent of 'leader/0/7': expected finite numbers"),
        (CROP.replace(b"leader/0/7", b"leader"), "face-detection", "frame address 'leader': expected model"),
        (GOOD.replace(b'"score":0.97', b'"score":1.97'), "face-detection", "score"),
    ],
)
def test_what_is_no_result_is_refused(value: bytes | None, model: str, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        read_result(value, model)
