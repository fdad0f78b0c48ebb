"""Crops of small pictures of which every pixel is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.inference.cropping import Cut, cut_crops, similarity
from schemas.catalogue import Follows, InputSpec, Model, Resize
from schemas.catalogue.builtin import FACE_EMBEDDING, POSE
from schemas.messages import CropDrop, Detection, Parent

LIMIT = 1 << 20


def picture(width: int = 200, height: int = 100) -> np.ndarray:
    """A slope: blue grows to the right, green downwards, red is 100; 8 bits hold whole pixels."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.dstack((x, y, np.full_like(x, 100))).astype(np.uint8)


def follower(size: tuple[int, int] = (32, 32), resize: Resize = Resize.LETTERBOX, **follows: object) -> Model:
    given = {"model": "leader", "labels": ("person",), "min_size": 4, **follows}
    spec = InputSpec(width=size[0], height=size[1], resize=resize)
    return POSE.model_copy(update={"input": spec, "follows": Follows.model_validate(given)})


def seen(*box: float, label: str = "person", keypoints: Sequence[tuple[float, ...]] | None = None) -> Detection:
    return Detection(label=label, score=0.9, box=box, keypoints=keypoints)


def cut(model: Model, *detections: Detection, limit: int = LIMIT) -> Cut:
    return cut_crops(picture(), "BGR", detections, model, limit_bytes=limit)


def decoded(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)).astype(float)


@dataclass(frozen=True)
class Case:
    name: str
    model: Model
    box: tuple[float, float, float, float]
    size: tuple[int, int]
    map: tuple[float, ...]
    keypoints: list[tuple[float, float]] | None = field(default=None)


CASES = [
    Case("as it is", follower(), (10, 20, 42, 52), (32, 32), (1, 0, 10, 0, 1, 20)),
    Case("made larger", follower(), (10, 20, 26, 28), (32, 16), (0.5, 0, 10, 0, 0.5, 20)),
    Case("made smaller", follower(), (10, 20, 74, 84), (32, 32), (2, 0, 10, 0, 2, 20)),
    Case("high and narrow", follower(), (10, 20, 18, 84), (4, 32), (2, 0, 10, 0, 2, 20)),
    Case("stretched", follower(resize=Resize.STRETCH), (10, 20, 26, 84), (32, 32), (0.5, 0, 10, 0, 2, 20)),
    Case("not on whole pixels", follower(), (10.4, 20.6, 41.6, 51.2), (32, 32), (1, 0, 10, 0, 1, 20)),
    Case("with a margin", follower(margin=(0.25, 0.125)), (20, 20, 40, 60), (19, 32), (30 / 19, 0, 15, 0, 50 / 32, 15)),
    Case("a margin beyond the picture", follower(margin=(0.5, 0.5)), (0, 0, 32, 32), (32, 32), (1.5, 0, 0, 0, 1.5, 0)),
    Case(
        "turned by a quarter, and half as large",
        follower(align=((8, 8), (8, 24))),
        (40, 20, 80, 60),
        (32, 32),
        (0, 2, 24, -2, 0, 66),
        [(40, 50), (72, 50)],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_crop_has_the_followers_size_and_leads_back_to_each_pixel(case: Case) -> None:
    (crop,) = cut(case.model, seen(*case.box, keypoints=case.keypoints)).crops
    assert (crop.index, crop.box, (crop.width, crop.height)) == (0, case.box, case.size)
    assert crop.map == pytest.approx(case.map, abs=1e-6)
    pixels = decoded(crop.jpeg)
    assert pixels.shape == (*case.size[::-1], 3)
    parent = Parent(address="leader/0/1", index=0, box=crop.box, map=crop.map)
    for column, row in ((2, 2), (case.size[0] - 2, 3), (case.size[0] // 2, case.size[1] // 2)):
        x, y = parent.to_parent((column + 0.5, row + 0.5))
        # The slope's value in the middle of a pixel is its number.
        assert pixels[row, column, :2] == pytest.approx((x - 0.5, y - 0.5), abs=2.5)


def test_the_colours_are_those_of_the_picture() -> None:
    box = seen(10, 20, 42, 52)
    ordered = picture()[:, :, ::-1].copy()
    (one,) = cut(follower(), box).crops
    (other,) = cut_crops(ordered, "RGB", [box], follower(), limit_bytes=LIMIT).crops
    assert one.jpeg == other.jpeg
    assert decoded(one.jpeg)[..., 2] == pytest.approx(100, abs=3)


DROPPED = [
    ("too narrow", follower(min_size=9), seen(10, 20, 18, 52), CropDrop.TOO_SMALL),
    ("too low", follower(min_size=9), seen(10, 20, 52, 28), CropDrop.TOO_SMALL),
    ("beside the picture", follower(), seen(300, 20, 340, 52), CropDrop.TOO_SMALL),
    ("no keypoints", follower(align=((8, 8), (8, 24))), seen(10, 20, 42, 52), CropDrop.NO_KEYPOINTS),
    (
        "one keypoint of two",
        follower(align=((8, 8), (8, 24))),
        seen(10, 20, 42, 52, keypoints=[(12, 20)]),
        CropDrop.NO_KEYPOINTS,
    ),
    (
        "keypoints on one spot",
        follower(align=((8, 8), (8, 24))),
        seen(10, 20, 42, 52, keypoints=[(12, 20), (12, 20)]),
        CropDrop.NO_KEYPOINTS,
    ),
]


@pytest.mark.parametrize(
    ("model", "found", "reason"), [case[1:] for case in DROPPED], ids=[case[0] for case in DROPPED]
)
def test_what_gets_no_crop_is_counted_with_the_reason(model: Model, found: Detection, reason: CropDrop) -> None:
    made = cut(model, found, seen(10, 20, 42, 52, label="car"))
    assert (made.offered, dict(made.dropped), made.crops) == (1, {reason: 1}, ())


def test_a_jpeg_above_the_limit_is_none() -> None:
    assert cut(follower(), seen(10, 20, 42, 52), limit=100).dropped == {CropDrop.TOO_LARGE: 1}


def test_the_first_ones_get_crops_and_keep_their_places() -> None:
    found = [seen(10, 20, 42, 52, label="car"), seen(10, 20, 12, 52), *[seen(10, 20, 42, 52)] * 4]
    made = cut(follower(limit=3), *found)
    assert made.offered == 5
    assert [crop.index for crop in made.crops] == [2, 3, 4]
    assert made.dropped == {CropDrop.TOO_SMALL: 1, CropDrop.OVER_LIMIT: 1}
    assert made.offered == len(made.crops) + made.dropped.total()


def test_a_model_that_follows_nobody_gets_nothing() -> None:
    assert cut(POSE.model_copy(update={"follows": None}), seen(10, 20, 42, 52)) == Cut(0, type(cut(POSE).dropped)(), ())


points = st.tuples(st.floats(-500, 500), st.floats(-500, 500))


@given(
    places=st.lists(points, min_size=2, max_size=6, unique=True),
    turn=st.floats(-3.1, 3.1),
    scale=st.floats(0.01, 50),
    shift=points,
)
def test_what_was_turned_scaled_and_moved_is_found(
    places: list[tuple[float, float]], turn: float, scale: float, shift: tuple[float, float]
) -> None:
    given_points = np.array(places)
    if np.ptp(given_points, axis=0).max() < 1:
        return
    turned = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    wanted = given_points @ turned.T + shift
    found = similarity(places, wanted.tolist())
    assert found is not None
    assert np.abs(found[:, :2] - turned).max() < 1e-5 * scale
    assert np.abs(given_points @ found[:, :2].T + found[:, 2] - wanted).max() < 1e-3 * scale


def test_the_faces_of_our_own_model_are_upright() -> None:
    follows = FACE_EMBEDDING.follows
    assert follows is not None
    assert follows.align is not None
    (left, left_y), (right, right_y), (nose, _), *_ = follows.align
    assert (left_y, left < nose < right) == (right_y, True)
