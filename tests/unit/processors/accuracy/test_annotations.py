"""COCO files as people have them, and each fault by its field, its value and what was expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.accuracy.annotations import Annotations
from schemas.errors import AnnotationsError

FILE = Path("some/annotations.json")


def whole(**change: Any) -> dict[str, Any]:
    return {
        "info": {"year": 2017},
        "images": [{"id": 7, "file_name": "a/b.jpg", "width": 640, "height": 480, "licence": 1}],
        "categories": [{"id": 1, "name": "person", "supercategory": "person"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2.5, 3, 4], "area": 12.0, "segmentation": []}
        ],
        **change,
    }


def test_a_file_as_coco_has_them() -> None:
    found = Annotations.parse(json.dumps(whole()).encode(), FILE)
    (one,) = found.annotations
    assert (one.image_id, one.bbox, one.iscrowd) == (7, (1.0, 2.5, 3.0, 4.0), 0)
    assert (found.images[0].file_name, found.categories[0].name) == ("a/b.jpg", "person")


def box(**change: Any) -> dict[str, Any]:
    return whole(annotations=[{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]} | change])


def image(**change: Any) -> dict[str, Any]:
    return whole(images=[{"id": 7, "file_name": "a.jpg"} | change])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "the whole = []: Input should be an object"),
        (whole(images=[]), "images = []: "),
        ({"images": []}, "images = []: Tuple should have at least 1 item after validation, not 0 (and 2 more)"),
        ({**whole(), "annotations": None}, "annotations = None: Input should be a valid"),
        ({name: whole()[name] for name in ("images", "categories")}, "annotations is missing: expected a value"),
        (box(bbox=[0, 0, 1]), "annotations.0.bbox.3 is missing: expected a value"),
        (box(bbox=[0, 0, 1, -1]), "annotations.0.bbox.3 = -1: Input should be greater than or equal to 0"),
        (box(bbox="0 0 1 1"), "annotations.0.bbox = '0 0 1 1': Input should be a valid array"),
        (box(iscrowd=2), "annotations.0.iscrowd = 2: Input should be 0 or 1"),
        (box(image_id="7"), "annotations.0.image_id = '7': Input should be a valid integer"),
        (box(image_id=8), "annotations.0.image_id = 8: expected the id of one of the images"),
        (box(category_id=90), "annotations.0.category_id = 90: expected the id of one of the categories"),
        (image(file_name="/etc/passwd"), "images.0.file_name = '/etc/passwd': expected the path of a picture inside"),
        (image(file_name="a/../../b.jpg"), "images.0.file_name = 'a/../../b.jpg': expected the path of a picture"),
        (image(file_name=""), "images.0.file_name = '': expected the path of a picture inside"),
        (
            whole(images=[{"id": 7, "file_name": "a.jpg"}, {"id": 7, "file_name": "b.jpg"}]),
            "images.1.id = 7: expected an id that no other has",
        ),
        (
            whole(categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]),
            "categories.1.id = 1: expected an id that no other has",
        ),
        (whole(categories=[{"id": 1, "name": "a\x1b[31m" * 99, "x": 1}], images=[{"id": 7}]), "images.0.file_name is"),
    ],
)
def test_what_is_wrong(value: object, says: str) -> None:
    with pytest.raises(AnnotationsError) as caught:
        Annotations.parse(json.dumps(value).encode(), FILE)
    assert str(caught.value).startswith(f"annotations some/annotations.json: {says}"), str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"images": [NaN]}'])
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(AnnotationsError, match=r"annotations some/annotations\.json: .*") as caught:
        Annotations.parse(data, FILE)
    assert len(str(caught.value)) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["images", "categories", "annotations"]), JSON | st.just(whole()["images"])))
def test_whatever_stands_there_is_refused_in_one_short_line(value: dict[str, Any]) -> None:
    with pytest.raises(AnnotationsError) as caught:
        Annotations.parse(json.dumps({**value, "annotations": value.get("annotations")}).encode(), FILE)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()
