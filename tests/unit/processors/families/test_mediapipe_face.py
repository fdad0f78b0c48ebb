"""MediaPipe's cells become faces with six keypoints."""

from __future__ import annotations

import numpy as np
import pytest

from processors.families import Placement, family_of
from processors.families.geometry import Floats
from schemas.catalogue import Resize
from schemas.errors import ModelError
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model

MODEL = small_model("mediapipe-face", labels={0: "face"}, size=(64, 32), resize=Resize.LETTERBOX)
ROWS, COLUMNS = 8, 16

Face = tuple[int, int, float, tuple[float, float, float, float]]
"""Row, column, logit, and (x, y) from the anchor, width and height."""


def cells(*faces: Face) -> dict[str, Floats]:
    """Outputs with these faces, whose six keypoints lie 0 to 5 pixels right of the anchor and one below it."""
    outputs = {
        "regressors": np.zeros((1, ROWS * COLUMNS, 16), np.float32),
        "logits": np.full((1, ROWS * COLUMNS, 1), -100.0, np.float32),
    }
    for row, column, logit, box in faces:
        cell = row * COLUMNS + column
        outputs["logits"][0, cell] = logit
        outputs["regressors"][0, cell] = (*box, 0, 1, 1, 1, 2, 1, 3, 1, 4, 1, 5, 1)
    return outputs


def decode(outputs: dict[str, Floats], frame: tuple[int, int] = (64, 32)) -> tuple[Detection, ...]:
    return family_of(MODEL).decode(outputs, MODEL, Placement.of(MODEL.input, *frame))


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        pytest.param([(3, 4, -0.1, (0, 0, 4, 8))], [], id="below the threshold"),
        pytest.param([(3, 4, 0.0, (0, 0, 4, 8))], [(0.5, (16, 10, 20, 18))], id="at the threshold, on the anchor"),
        pytest.param([(3, 4, 2.0, (2, -3, 4, 8))], [(0.8808, (18, 7, 22, 15))], id="beside the anchor"),
        pytest.param([(0, 0, 2.0, (0, 0, 20, 20))], [(0.8808, (0, 0, 12, 12))], id="clipped to the frame"),
        pytest.param(
            [(3, 4, 1.0, (0, 0, 16, 16)), (3, 5, 2.0, (-4, 0, 16, 16))], [(0.8808, (10, 6, 26, 22))], id="one of two"
        ),
        pytest.param([(3, 4, 1e30, (0, 0, 4, 8))], [(1.0, (16, 10, 20, 18))], id="a logit beyond reason"),
        pytest.param([(3, 4, float("nan"), (0, 0, 4, 8))], [], id="not a number is no score"),
    ],
)
def test_decode(faces: list[Face], expected: list[tuple[float, tuple[float, ...]]]) -> None:
    found = decode(cells(*faces))
    assert [(item.score, item.box) for item in found] == expected
    assert {item.label for item in found} <= {"face"}


def test_the_letterbox_is_taken_off_boxes_and_keypoints() -> None:
    (face,) = decode(cells((3, 4, 2.0, (0, 0, 4, 8))), (320, 320))  # a tenth of the size, 16 pixels from the left
    assert face.box == (0, 100, 40, 180)
    assert face.keypoints == tuple((20 + 10 * number, 150) for number in range(6))


@pytest.mark.parametrize(
    ("regressors", "logits"), [((1, 127, 16), (1, 128, 1)), ((1, 128, 18), (1, 128, 1)), ((1, 128, 16), (1, 128))]
)
def test_other_shapes_are_refused(regressors: tuple[int, ...], logits: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"expected \[1, 128, 16\] and \[1, 128, 1\]") as refused:
        decode({"regressors": np.zeros(regressors), "logits": np.zeros(logits)})
    assert f"{list(regressors)} and {list(logits)};" in str(refused.value)
