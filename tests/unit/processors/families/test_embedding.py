"""A vector of any length becomes one of length 1."""

from __future__ import annotations

import numpy as np
import pytest

from processors.families import Placement, family_of
from schemas.errors import ModelError
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model

MODEL = small_model("embedding", labels={0: "face"})


def decode(vector: object) -> tuple[Detection, ...]:
    outputs = {"embedding": np.array(vector, np.float32)}
    return family_of(MODEL).decode(outputs, MODEL, Placement.of(MODEL.input, 640, 360))


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ([3.0, 4.0], (0.6, 0.8)),
        ([-1.0, 1.0, 1.0, 1.0], (-0.5, 0.5, 0.5, 0.5)),
        ([1e30, 0.0], (1.0, 0.0)),
        ([1.0, 1.0], (0.707107, 0.707107)),
    ],
)
def test_decode(vector: list[float], expected: tuple[float, ...]) -> None:
    (found,) = decode([vector])
    assert (found.label, found.score, found.box, found.keypoints) == ("face", 1.0, (0, 0, 640, 360), None)
    assert found.embedding == expected
    assert Detection.from_json(found.to_json()) == found


@pytest.mark.parametrize("vector", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_a_vector_without_direction_is_no_detection(vector: list[float]) -> None:
    assert decode([vector]) == ()


@pytest.mark.parametrize("shape", [(2, 3), (3,), (1, 3, 1)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"an embedding \[.*\]; expected \[1, d\]"):
        decode(np.ones(shape))
