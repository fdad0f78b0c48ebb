from __future__ import annotations

import math

import pytest

from schemas.cameras import make_camera
from schemas.errors import CameraError
from schemas.messages import Camera
from schemas.messages.polygon import Point, area

GOOD = {"id": "street", "source": "pattern:", "models": ["object-detection"]}
SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (((0, 0), (1, 1)), "at least 3 items"),
        (((0, 0), (1, 0), (1.01, 1)), "less than or equal to 1"),
        (((0, 0), (1, 0), (-0.1, 1)), "greater than or equal to 0"),
        (((0, 0), (1, 0), (math.nan, 1)), "camera: roi.2.0 = nan"),
        (((0, 0), (1, 0), (1, 1, 1)), "camera: roi.2"),
        (((0, 0), (1, 0), "x"), "camera: roi.2"),
        (((0, 0), (0.5, 0.5), (1, 1)), "expected an area"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "expected edges that do not cross"),
        (((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)), "expected edges that do not cross"),
        (((0, 0), (1, 0), (1, 0), (0, 1)), "expected each point once"),
        (((0, 0), (1, 0), (0, 1), (0, 0)), "expected each point once"),
        (tuple((math.cos(n) / 2 + 0.5, math.sin(n) / 2 + 0.5) for n in range(65)), "at most 64 items"),
    ],
)
def test_what_is_no_polygon_is_refused(points: object, says: str) -> None:
    with pytest.raises(CameraError) as caught:
        make_camera({**GOOD, "roi": points})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("points", "share"),
    [
        (SQUARE, 0.16),
        (SQUARE[::-1], 0.16),
        (((0, 0), (1, 0), (1, 1), (0, 1)), 1.0),
        (((0, 0), (1, 0), (0, 1)), 0.5),
        (((0, 0), (1, 0), (0.25, 0.25), (0, 1)), 0.25),  # with a bay
    ],
)
def test_a_polygon_has_its_area(points: tuple[Point, ...], share: float) -> None:
    camera = make_camera({**GOOD, "roi": points, "masks": [points]})
    assert camera.roi == points
    assert area(points) == pytest.approx(share)
    assert Camera.from_json(camera.to_json()) == camera
