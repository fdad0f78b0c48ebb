"""YOLO's rows become detections in pixels of the frame, whichever of its heads they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from processors.families import Placement, family_of
from processors.families.geometry import Floats
from schemas.catalogue import Model, Resize
from schemas.errors import ModelError
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model

Row = tuple[float, float, float, float, float, float]
"""Centre x and y, width, height, and the scores of person and car."""
Head = Callable[[Sequence[Row]], Floats]

MODEL = small_model("yolo", resize=Resize.LETTERBOX)


def with_objectness(rows: Sequence[Row], objectness: float = 1.0) -> Floats:
    """[1, n, 7], as version 5 has it."""
    return np.insert(np.array(rows, np.float32).reshape(-1, 6), 4, objectness, axis=1)[None]


def without_objectness(rows: Sequence[Row]) -> Floats:
    """[1, 6, n], as versions 8 and 11 have it."""
    return np.array(rows, np.float32).reshape(-1, 6).T[None]


def decode(rows: Floats, model: Model = MODEL, frame: tuple[int, int] = (200, 100)) -> tuple[Detection, ...]:
    return family_of(model).decode({"rows": rows}, model, Placement.of(model.input, *frame))


@pytest.mark.parametrize("head", [with_objectness, without_objectness])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(20, 10, 10, 8, 0.49, 0.1)], [], id="below the threshold"),
        pytest.param([(20, 10, 10, 8, 0.5, 0.1)], [("person", 0.5, (30, 12, 50, 28))], id="at the threshold"),
        pytest.param([(20, 10, 10, 8, 0.6, 0.9)], [("car", 0.9, (30, 12, 50, 28))], id="the best class of a box"),
        pytest.param([(0, 0, 10, 8, 0.9, 0)], [("person", 0.9, (0, 0, 10, 8))], id="clipped to the frame"),
        pytest.param([(20, 10, 10, 0, 0.9, 0)], [], id="no area"),
        pytest.param([(20, 10, float("nan"), 8, 0.9, 0)], [], id="not a number is no box"),
        pytest.param([(20, 10, 10, 8, float("nan"), 0.1)], [], id="not a number is no score"),
        pytest.param(
            [(20, 10, 10, 8, 0.7, 0), (21, 10, 10, 8, 0.8, 0), (20, 10, 10, 8, 0, 0.6)],
            [("person", 0.8, (32, 12, 52, 28)), ("car", 0.6, (30, 12, 50, 28))],
            id="one of two alike, and another class",
        ),
    ],
)
def test_decode(head: Head, rows: list[Row], expected: list[tuple[str, float, tuple[float, ...]]]) -> None:
    # Ten rows of nothing more: with six or seven in all the shape would fit either head.
    found = decode(head([*rows, *[(50, 25, 10, 10, 0, 0)] * 10]))
    assert [(item.label, item.score, item.box) for item in found] == expected
    assert all(item.keypoints is None for item in found)


def test_objectness_weakens_the_classes() -> None:
    assert [item.score for item in decode(with_objectness([(20, 10, 10, 8, 0.9, 0)] * 8, 0.8))] == [0.72]
    assert decode(with_objectness([(20, 10, 10, 8, 0.9, 0)] * 8, 0.5)) == ()


@pytest.mark.parametrize("head", [with_objectness, without_objectness])
def test_the_letterbox_is_taken_off(head: Head) -> None:
    square = small_model("yolo", size=(100, 100), resize=Resize.LETTERBOX)
    (found,) = decode(head([(50, 50, 20, 10, 0.9, 0)] * 8), square, (400, 200))
    assert found.box == (160, 80, 240, 120)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((1, 9, 84), id="of another number of labels"),
        pytest.param((1, 85, 9), id="turned"),
        pytest.param((1, 84, 85), id="either head"),
        pytest.param((2, 84, 9), id="two pictures"),
        pytest.param((84, 9), id="no batch"),
        pytest.param((1, 300, 6), id="with NMS in the graph"),
        pytest.param((1, 1, 84, 9), id="four dimensions"),
    ],
)
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    model = small_model("yolo", labels={number: f"class {number}" for number in range(80)})
    with pytest.raises(ModelError, match=r"expected \[1, n, 85\] or \[1, 84, n\], and not both, for 80 l") as refused:
        decode(np.zeros(shape, np.float32), model)
    assert str(refused.value).startswith(f"an output of {list(shape)};")


@settings(deadline=None)  # a busy machine is no failure
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(8, 20), st.just(6)),
        elements=st.integers(0, 64).map(lambda number: number / 64),
    )
)
def test_both_heads_say_the_same(rows: Floats) -> None:
    rows[:, :4] *= (100, 50, 40, 40)
    given_rows: list[Row] = [tuple(row) for row in rows.tolist()]
    found = decode(without_objectness(given_rows))
    assert found == decode(with_objectness(given_rows))
    assert len(found) <= int((rows[:, 4:].max(axis=1) >= 0.5).sum())
    for item in found:
        x1, y1, x2, y2 = item.box
        assert 0 <= x1 <= x2 <= 200
        assert 0 <= y1 <= y2 <= 100
