"""COCO's scores of a few boxes, whose answers can be worked out by hand."""

from __future__ import annotations

import pytest

from processors.accuracy.annotations import Annotations
from processors.accuracy.coco import evaluate, judged
from schemas.catalogue import Catalogue
from schemas.errors import AnnotationsError
from schemas.messages import Detection

MODEL = Catalogue().get("object-detection")
SIDE = 100.0


def squares(*boxes: tuple[int, int, float], names: tuple[str, ...] = ("Person", "car", "zeppelin")) -> Annotations:
    """Squares of 100 pixels: each its image, its category and its x."""
    return Annotations.model_validate(
        {
            "images": tuple({"id": number, "file_name": f"{number}.jpg"} for number in (10, 11)),
            "categories": tuple({"id": number, "name": name} for number, name in enumerate(names)),
            "annotations": tuple(
                {"image_id": image, "category_id": number, "bbox": (x, 0.0, SIDE, SIDE)} for image, number, x in boxes
            ),
        }
    )


def at(x: float, label: str = "person", score: float = 0.9) -> Detection:
    return Detection(label=label, score=score, box=(x, 0, x + SIDE, SIDE))


PERSON, CAR, ZEPPELIN = 0, 1, 2


def test_all_found() -> None:
    marked = squares((10, PERSON, 0), (11, CAR, 50))
    found = evaluate(marked, {10: [at(0)], 11: [at(50, "car")]}, MODEL)
    assert found.all.ap == pytest.approx(1.0)
    assert found.all.ar == pytest.approx(1.0)
    assert {name: row.annotations for name, row in found.categories.items()} == {"Person": 1, "car": 1}
    assert found.left_out == ("zeppelin",)


def test_nothing_found_at_all() -> None:
    found = evaluate(squares((10, PERSON, 0)), {10: [], 11: []}, MODEL)
    assert (found.all.annotations, found.all.ap, found.all.ap50, found.all.ar) == (1, 0.0, 0.0, 0.0)
    assert (found.categories["car"].annotations, found.categories["car"].ap) == (0, None)


def test_an_overlap_counts_at_the_thresholds_below_it() -> None:
    """25 of 100 pixels aside the IoU is 0.6: right at .50 and .55, and at .60, of ten thresholds."""
    found = evaluate(squares((10, PERSON, 0)), {10: [at(25)]}, MODEL)
    assert found.categories["Person"].ap50 == pytest.approx(1.0)
    assert found.categories["Person"].ap == pytest.approx(0.3)
    assert found.categories["Person"].ar == pytest.approx(0.3)


def test_half_of_them_missed() -> None:
    """Recall up to .5 is had with full precision: 51 of COCO's 101 points."""
    found = evaluate(squares((10, PERSON, 0), (11, PERSON, 0)), {10: [at(0)]}, MODEL)
    assert found.all.ap == pytest.approx(51 / 101)
    assert found.all.ar == pytest.approx(0.5)


def test_a_surer_false_one_halves_the_precision() -> None:
    found = evaluate(squares((10, PERSON, 0)), {10: [at(0, score=0.5)], 11: [at(0, score=0.9)]}, MODEL)
    assert found.all.ap == pytest.approx(0.5)
    assert found.all.ar == pytest.approx(1.0)


def test_what_is_left_out_counts_for_nothing() -> None:
    marked = squares((10, PERSON, 0), (11, ZEPPELIN, 0))
    found = evaluate(marked, {10: [at(0), at(0, "dog")]}, MODEL)
    assert found.all.annotations == 1
    assert found.all.ap == pytest.approx(1.0)


def test_no_category_is_a_label() -> None:
    marked = squares((10, 0, 0), names=("zeppelin", "kite"))
    with pytest.raises(AnnotationsError, match=r"categories zeppelin, kite: expected .* object-detection: backpack, "):
        judged(marked, MODEL)
