"""SSD's outputs become detections in pixels of the frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from processors.families import Placement, family_of
from processors.families.detections import MOST_CANDIDATES
from processors.families.geometry import Floats
from schemas.catalogue import Model, Resize
from schemas.errors import ModelError
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model


def outputs(boxes: Sequence[tuple[float, ...]], scores: Sequence[tuple[float, ...]]) -> dict[str, Floats]:
    return {"boxes": np.array(boxes, np.float32)[None, :, None], "scores": np.array(scores, np.float32)[None]}


def decode(given: dict[str, Floats], model: Model, frame: tuple[int, int] = (200, 100)) -> tuple[Detection, ...]:
    return family_of(model).decode(given, model, Placement.of(model.input, *frame))


HALF = (0.0, 0.0, 0.5, 0.5)
CORNER = (0.8, 0.8, 1.2, 1.2)
OUTSIDE = (1.1, 1.1, 1.2, 1.2)


@pytest.mark.parametrize(
    ("boxes", "scores", "expected"),
    [
        pytest.param([HALF], [(0.49, 0.1)], [], id="below the threshold"),
        pytest.param([HALF], [(0.5, 0.1)], [("person", 0.5, (0, 0, 100, 50))], id="at the threshold"),
        pytest.param([HALF], [(0.1, 0.9)], [("car", 0.9, (0, 0, 100, 50))], id="columns by rising label"),
        pytest.param([CORNER], [(0.9, 0)], [("person", 0.9, (160, 80, 200, 100))], id="clipped to the frame"),
        pytest.param([OUTSIDE], [(0.9, 0)], [], id="nothing of it in the frame"),
        pytest.param([(0.5, 0.5, 0.5, 0.9)], [(0.9, 0)], [], id="no area"),
        pytest.param(
            [HALF], [(0.6, 0.7)], [("car", 0.7, (0, 0, 100, 50)), ("person", 0.6, (0, 0, 100, 50))], id="both classes"
        ),
        pytest.param([HALF, HALF], [(0.6, 0), (0.8, 0)], [("person", 0.8, (0, 0, 100, 50))], id="one of two alike"),
        pytest.param([HALF], [(float("nan"), 0.1)], [], id="not a number is no score"),
    ],
)
def test_decode(
    boxes: list[tuple[float, ...]],
    scores: list[tuple[float, ...]],
    expected: list[tuple[str, float, tuple[float, ...]]],
) -> None:
    found = decode(outputs(boxes, scores), small_model())
    assert [(item.label, item.score, item.box) for item in found] == expected
    assert all(item.keypoints is None for item in found)


def test_letterbox_moves_boxes() -> None:
    model = small_model(size=(100, 100), resize=Resize.LETTERBOX)
    found = decode(outputs([(0.25, 0.0, 0.75, 1.0)], [(0.9, 0)]), model, (200, 100))
    assert found[0].box == (0, 0, 200, 100)


def test_limit_keeps_the_strongest() -> None:
    boxes = [(0.0, column / 10, 1.0, column / 10 + 0.05) for column in range(10)]
    scores = [(0.5 + column / 100, 0.0) for column in range(10)]
    found = decode(outputs(boxes, scores), small_model(limit=3))
    assert [item.score for item in found] == [0.59, 0.58, 0.57]


def test_a_flood_of_candidates_keeps_the_strongest() -> None:
    flood = MOST_CANDIDATES + 500
    scores = [(0.6, 0.0)] * flood + [(0.9, 0.0)]
    boxes = [HALF] * flood + [(0.5, 0.5, 1.0, 1.0)]
    found = decode(outputs(boxes, scores), small_model())
    assert [item.score for item in found] == [0.9, 0.6]


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ModelError, match="model small: family 'dogs'; expected one of ssd, centerface, "):
        family_of(small_model("dogs"))
