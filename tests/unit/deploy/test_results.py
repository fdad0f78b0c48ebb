from __future__ import annotations

from dataclasses import replace

from deploy.cli.results import one_line
from schemas.messages import Parent
from tests.unit.api.samples import record


def test_a_result_is_one_line() -> None:
    line = one_line(record(5))
    assert line.count("\n") == 0
    assert " object-detection/0/5 " in line


def test_a_result_of_a_crop_says_whose_detection_it_refines() -> None:
    plain = record(5)
    parent = Parent(address="object-detection/3/1234", index=2, box=(1, 2, 3, 4), map=(1, 0, 0, 0, 1, 0))
    frame = plain.result.frame.model_copy(update={"parent": parent})
    crop = replace(plain, result=plain.result.model_copy(update={"frame": frame}))
    assert f" {frame.address} of object-detection/3/1234#2 " in one_line(crop)
