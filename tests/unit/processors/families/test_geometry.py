"""Placement, overlap and suppression, on tables and against the plainest possible definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from processors.families.geometry import Floats, Integers, Placement, areas, iou, suppress
from schemas.catalogue import InputSpec, Resize


@pytest.mark.parametrize(
    ("resize", "frame", "inside", "expected"),
    [
        pytest.param(Resize.STRETCH, (640, 360), (0, 0, 320, 256), (0, 0, 640, 360), id="stretch: the whole"),
        pytest.param(Resize.STRETCH, (640, 360), (160, 128, 240, 192), (320, 180, 480, 270), id="stretch: a part"),
        pytest.param(Resize.LETTERBOX, (640, 360), (0, 38, 320, 218), (0, 0, 640, 360), id="letterbox: wide"),
        pytest.param(Resize.LETTERBOX, (100, 512), (135, 0, 185, 256), (0, 0, 100, 512), id="letterbox: tall"),
        pytest.param(Resize.LETTERBOX, (320, 256), (1, 2, 3, 4), (1, 2, 3, 4), id="letterbox: as it is"),
    ],
)
def test_to_frame(
    resize: Resize, frame: tuple[int, int], inside: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    placement = Placement.of(InputSpec(width=320, height=256, resize=resize), *frame)
    assert placement.to_frame(np.array([inside], float)).tolist() == [pytest.approx(expected)]


def test_to_frame_takes_keypoints_of_any_number() -> None:
    placement = Placement.of(InputSpec(width=10, height=10), 20, 30)
    points = np.ones((4, 5, 2))
    assert placement.to_frame(points).shape == (4, 5, 2)
    assert placement.to_frame(points)[3, 4].tolist() == [2, 3]


def test_to_frame_takes_nothing() -> None:
    placement = Placement.of(InputSpec(width=10, height=10), 20, 30)
    assert placement.to_frame(np.empty((0, 4))).shape == (0, 4)


def test_clip() -> None:
    placement = Placement.of(InputSpec(width=10, height=10), 64, 48)
    boxes = np.array([[-5.0, -5.0, 70.0, 50.0], [1.0, 2.0, 3.0, 4.0]])
    assert placement.clip(boxes).tolist() == [[0, 0, 64, 48], [1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (2, 2, 7, 7), 0.25),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (50, 50, 60, 60), 0.0),
        ((5, 5, 5, 5), (5, 5, 5, 5), 0.0),
        ((0, 0, 10, 10), (8, 8, 2, 2), 0.0),
    ],
)
def test_iou(one: tuple[float, ...], other: tuple[float, ...], expected: float) -> None:
    assert iou(np.array(one, float), np.array([other], float)).tolist() == [pytest.approx(expected)]


BOXES = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [0, 0, 10, 9]], float)


@pytest.mark.parametrize(
    ("scores", "classes", "threshold", "limit", "kept"),
    [
        pytest.param([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 1], 0.5, 9, [0, 2], id="the weaker of two goes"),
        pytest.param([0.6, 0.8, 0.7, 0.9], [1, 1, 1, 1], 0.5, 9, [3, 2], id="the strongest stays, wherever it stands"),
        pytest.param([0.9, 0.8, 0.7, 0.6], [1, 2, 1, 2], 0.5, 9, [0, 1, 2], id="classes do not suppress each other"),
        pytest.param([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 1], 0.85, 9, [0, 1, 2], id="overlap up to the threshold is fine"),
        pytest.param([0.5, 0.5, 0.5, 0.5], [1, 1, 1, 1], 0.5, 9, [0, 2], id="equal scores keep their order"),
        pytest.param([0.9, 0.8, 0.7, 0.6], [1, 2, 3, 4], 0.5, 2, [0, 1], id="no more than the limit"),
    ],
)
def test_suppress(scores: list[float], classes: list[int], threshold: float, limit: int, kept: list[int]) -> None:
    found = suppress(BOXES, np.array(scores), np.array(classes), threshold=threshold, limit=limit)
    assert found.tolist() == kept


def test_suppress_nothing() -> None:
    assert suppress(np.empty((0, 4)), np.empty(0), np.empty(0, int), threshold=0.5, limit=9).size == 0


def plain_suppress(boxes: Floats, scores: Floats, classes: Integers, threshold: float) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        rivals = (other for other in kept if classes[other] == classes[index])
        if all(iou(boxes[other], boxes[index : index + 1])[0] <= threshold for other in rivals):
            kept.append(index)
    return kept


@settings(deadline=None)  # a busy machine is no failure
@given(
    arrays(float, st.tuples(st.integers(0, 12), st.just(6)), elements=st.integers(0, 12).map(float)),
    st.sampled_from([0.0, 0.3, 0.6, 1.0]),
)
def test_suppress_equals_the_plain_definition(rows: Floats, threshold: float) -> None:
    boxes = np.concatenate((rows[:, :2], rows[:, :2] + rows[:, 2:4]), axis=1)
    scores, classes = rows[:, 4] / 12, (rows[:, 5] % 3).astype(int)
    found = suppress(boxes, scores, classes, threshold=threshold, limit=100)
    assert found.tolist() == plain_suppress(boxes, scores, classes, threshold)
    assert (areas(boxes[found]) >= 0).all()
