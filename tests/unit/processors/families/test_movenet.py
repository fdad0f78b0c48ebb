"""MoveNet's keypoints become a person."""

from __future__ import annotations

import numpy as np
import pytest

from processors.families import Placement, family_of
from processors.families.geometry import Floats
from schemas.catalogue import Resize
from schemas.errors import ModelError
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model

MODEL = small_model("movenet", labels={0: "person"}, size=(100, 100), resize=Resize.LETTERBOX, threshold=0.5)

Point = tuple[float, float, float]


def decode(*points: Point, frame: tuple[int, int] = (100, 100)) -> tuple[Detection, ...]:
    """These keypoints of (y, x, score), and others at (0.9, 0.9) that the network is not sure of."""
    keypoints = np.array([*points, *[(0.9, 0.9, 0.0)] * (17 - len(points))], np.float32)[None, None]
    return family_of(MODEL).decode({"keypoints": keypoints}, MODEL, Placement.of(MODEL.input, *frame))


@pytest.mark.parametrize(
    ("points", "box"),
    [
        pytest.param([(0.1, 0.2, 0.9), (0.6, 0.5, 0.8)], (20, 10, 50, 60), id="y before x"),
        pytest.param([(0.1, 0.2, 0.5), (0.6, 0.5, 0.8)], (20, 10, 50, 60), id="at the threshold"),
        pytest.param([(0.1, 0.2, 0.9), (0.6, 0.5, 0.8), (0.0, 0.0, 0.4)], (20, 10, 50, 60), id="the unsure stay out"),
        pytest.param([(-0.1, 0.2, 0.9), (1.2, 0.5, 0.8)], (20, 0, 50, 100), id="clipped to the frame"),
    ],
)
def test_the_box_holds_the_keypoints_that_pass(points: list[Point], box: tuple[float, ...]) -> None:
    (person,) = decode(*points)
    assert (person.label, person.box) == ("person", box)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([], id="none"),
        pytest.param([(0.1, 0.2, 0.9)], id="one spans no box"),
        pytest.param([(0.1, 0.2, 0.9), (0.1, 0.5, 0.9)], id="a line"),
        pytest.param([(0.1, 0.2, float("nan")), (0.6, 0.5, float("nan"))], id="not a number is no score"),
        pytest.param([(1.1, 1.1, 0.9), (1.2, 1.2, 0.9)], id="outside"),
    ],
)
def test_nobody(points: list[Point]) -> None:
    assert decode(*points) == ()


def test_keypoints_keep_their_order_and_scores_and_the_person_has_the_mean() -> None:
    (person,) = decode((0.1, 0.2, 0.9), (0.6, 0.5, 0.8), (0.3, 0.3, 0.1))
    assert person.score == pytest.approx(1.8 / 17, abs=1e-4)
    assert person.keypoints is not None
    assert len(person.keypoints) == 17
    assert person.keypoints[:4] == ((20, 10, 0.9), (50, 60, 0.8), (30, 30, 0.1), (90, 90, 0.0))


def test_the_letterbox_is_taken_off() -> None:
    (person,) = decode((0.5, 0.0, 0.9), (0.75, 1.0, 0.9), frame=(400, 200))
    assert person.box == (0, 100, 400, 200)
    assert person.keypoints is not None
    assert person.keypoints[0] == (0, 100, 0.9)


@pytest.mark.parametrize("shape", [(1, 17, 3), (1, 6, 56), (1, 1, 17, 2)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    outputs: dict[str, Floats] = {"keypoints": np.zeros(shape)}
    with pytest.raises(ModelError, match=r"; expected \[1, 1, 17, 3\]$") as refused:
        family_of(MODEL).decode(outputs, MODEL, Placement.of(MODEL.input, 100, 100))
    assert str(refused.value).startswith(f"keypoints {list(shape)}")
