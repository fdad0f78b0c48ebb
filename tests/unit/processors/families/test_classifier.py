"""A classifier's scores become labels of the whole frame."""

from __future__ import annotations

import numpy as np
import pytest

from processors.families import Placement, family_of
from processors.families.geometry import Floats
from schemas.catalogue import Model, Resize
from schemas.errors import ModelError
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model

LABELS = {3: "cat", 1: "dog", 7: "cow"}
NAN = float("nan")


def model(*, threshold: float = 0.3, limit: int = 100, resize: Resize = Resize.STRETCH) -> Model:
    return small_model("classifier", labels=LABELS, size=(100, 100), resize=resize, threshold=threshold, limit=limit)


def decode(scores: Floats, entry: Model) -> tuple[Detection, ...]:
    return family_of(entry).decode({"scores": scores}, entry, Placement.of(entry.input, 640, 360))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([0.1, 0.8, 0.1], [("cat", 0.8)], id="probabilities, by rising label"),
        pytest.param([0.5, 0.1, 0.4], [("dog", 0.5), ("cow", 0.4)], id="all that pass, the best first"),
        pytest.param([0.34, 0.33, 0.33], [("dog", 0.34), ("cat", 0.33), ("cow", 0.33)], id="undecided"),
        pytest.param([0.0, 0.0, 1.01], [("cow", 1.0)], id="rounded by the network"),
        pytest.param([2.0, 0.0, 0.0], [("dog", 0.787)], id="logits"),
        pytest.param([-1.0, 1.0, 1.0], [("cat", 0.4683), ("cow", 0.4683)], id="logits with a sum of 1"),
        pytest.param([1e6, -1e6, 0.0], [("dog", 1.0)], id="logits beyond reason"),
        pytest.param([NAN, 0.5, 0.5], [], id="not a number is no score"),
    ],
)
def test_decode(scores: list[float], expected: list[tuple[str, float]]) -> None:
    found = decode(np.array([scores], np.float32), model())
    assert [(item.label, item.score) for item in found] == expected


@pytest.mark.parametrize("resize", Resize)
def test_the_box_is_the_whole_frame(resize: Resize) -> None:
    (found,) = decode(np.array([[1.0, 0.0, 0.0]]), model(resize=resize))
    assert found.box == (0, 0, 640, 360)
    assert found.keypoints is None


def test_limit_keeps_the_best() -> None:
    found = decode(np.array([[0.2, 0.3, 0.5]]), model(threshold=0.0, limit=2))
    assert [item.label for item in found] == ["cow", "cat"]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (np.zeros((1, 4)), r"scores \[1, 4\] of float64; expected \[1, 3\] of floats"),
        (np.zeros(3), r"scores \[3\] of"),
        (np.zeros((1, 3), np.uint8), r"scores \[1, 3\] of uint8; expected"),
    ],
)
def test_other_outputs_are_refused(scores: Floats, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        decode(scores, model())
