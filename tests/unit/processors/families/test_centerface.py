"""CenterFace's maps become faces with five landmarks."""

from __future__ import annotations

import numpy as np
import pytest

from processors.families import Placement, family_of
from processors.families.geometry import Floats
from schemas.messages import Detection
from tests.unit.processors.families.models import small_model

MODEL = small_model("centerface", labels={0: "face"}, size=(64, 32))
ROWS, COLUMNS = 8, 16


def maps(*faces: tuple[int, int, float, float, float]) -> dict[str, Floats]:
    """Maps with faces of (row, column, score, height and width in pixels of the input) and landmarks at the middle."""
    outputs = {
        name: np.zeros((1, channels, ROWS, COLUMNS), np.float32)
        for name, channels in (("heatmap", 1), ("scale", 2), ("offset", 2), ("landmarks", 10))
    }
    for row, column, score, height, width in faces:
        outputs["heatmap"][0, 0, row, column] = score
        outputs["scale"][0, :, row, column] = np.log([height / 4, width / 4])
        outputs["landmarks"][0, :, row, column] = 0.5
    return outputs


def decode(outputs: dict[str, Floats], frame: tuple[int, int] = (64, 32)) -> tuple[Detection, ...]:
    return family_of(MODEL).decode(outputs, MODEL, Placement.of(MODEL.input, *frame))


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        pytest.param([(3, 4, 0.4, 8.0, 4.0)], [], id="below the threshold"),
        pytest.param([(3, 4, 0.9, 8.0, 4.0)], [(0.9, (16, 10, 20, 18))], id="centre of the cell"),
        pytest.param([(0, 0, 0.9, 20.0, 20.0)], [(0.9, (0, 0, 12, 12))], id="clipped to the frame"),
        pytest.param(
            [(3, 4, 0.8, 8.0, 8.0), (3, 5, 0.9, 24.0, 24.0)],
            [(0.9, (10, 2, 34, 26)), (0.8, (14, 10, 22, 18))],
            id="small in large",
        ),
        pytest.param(
            [(3, 4, 0.8, 16.0, 16.0), (3, 5, 0.9, 16.0, 16.0)], [(0.9, (14, 6, 30, 22))], id="one of two alike"
        ),
    ],
)
def test_decode(
    faces: list[tuple[int, int, float, float, float]], expected: list[tuple[float, tuple[float, ...]]]
) -> None:
    found = decode(maps(*faces))
    assert [(item.score, item.box) for item in found] == expected
    assert {item.label for item in found} <= {"face"}


def test_scales_to_the_frame_with_its_landmarks() -> None:
    (face,) = decode(maps((3, 4, 0.9, 8.0, 4.0)), (640, 160))
    assert face.box == (160, 50, 200, 90)
    assert face.keypoints == ((180, 70),) * 5


def test_height_comes_before_width_and_y_before_x() -> None:
    outputs = maps((3, 4, 0.9, 8.0, 4.0))
    outputs["offset"][0, :, 3, 4] = (0.25, -0.25)  # y, x: a cell is 4 pixels
    outputs["landmarks"][0, :2, 3, 4] = (1.0, 0.0)  # the first landmark: the bottom left corner
    (face,) = decode(outputs)
    assert face.box == (15, 11, 19, 19)
    assert face.keypoints is not None
    assert face.keypoints[0] == (15, 19)


def test_a_size_beyond_reason_stays_finite() -> None:
    outputs = maps((3, 4, 0.9, 8.0, 4.0))
    outputs["scale"][0, :, 3, 4] = 1000.0
    (face,) = decode(outputs)
    assert face.box == (0, 0, 64, 32)
    assert face.keypoints is not None
    assert np.isfinite(face.keypoints).all()
