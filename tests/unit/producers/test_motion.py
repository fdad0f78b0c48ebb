from __future__ import annotations

import numpy as np
import pytest

from producers.motion import MotionGate
from producers.sources import Picture
from schemas.messages import Camera, Point

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
FPS = 10


def camera(**fields: object) -> Camera:
    return Camera.model_validate({"id": "a", "source": "pattern:", "models": ["m"], **fields})


def scene(x: int | None = None, *, size: tuple[int, int] = (640, 360), noise: int = 0) -> Picture:
    """A grey gradient with noise of one seed, and a bright square, a ninth as high, whose left side is at `x`."""
    width, height = size
    made = np.repeat(np.linspace(40, 160, width)[np.newaxis, :, np.newaxis], height, axis=0).repeat(3, axis=2)
    made += np.random.default_rng(noise).normal(0, 4, made.shape)
    if x is not None:
        side = height // 9
        made[100 : 100 + side, x : x + side] = 240
    return made.clip(0, 255).astype(np.uint8)


def admitted(gate: MotionGate, pictures: list[Picture]) -> list[int]:
    return [number for number, picture in enumerate(pictures) if gate.admit(picture, number / FPS)]


def test_a_still_scene_is_sent_at_its_keep_alive_rate() -> None:
    gate = MotionGate(camera(), still_fps=1)
    assert admitted(gate, [scene(noise=number) for number in range(35)]) == [0, 10, 20, 30]
    assert not gate.moved


@pytest.mark.parametrize("size", [(320, 200), (640, 360), (1280, 720), (1920, 1080), (360, 640)])
def test_what_moves_is_sent(size: tuple[int, int]) -> None:
    gate = MotionGate(camera(), still_fps=0.01)
    pictures = [scene(size=size, noise=0), scene(100, size=size, noise=1), scene(100, size=size, noise=2)]
    pictures += [scene(180, size=size, noise=3), scene(size=size, noise=4), scene(size=size, noise=5)]
    assert admitted(gate, pictures) == [0, 1, 3, 4]


def test_what_creeps_is_sent_when_its_steps_add_up() -> None:
    gate = MotionGate(camera(), still_fps=0.01)
    sent = admitted(gate, [scene(100 + number, noise=number) for number in range(60)])
    assert len(sent) > 3, "a pixel a picture is less than what counts"
    assert len(sent) < 40


@pytest.mark.parametrize(
    ("fields", "left", "right"),
    [
        ({}, True, True),
        ({"roi": LEFT}, True, False),
        ({"masks": [LEFT]}, False, True),
        ({"roi": RIGHT, "masks": [RIGHT]}, False, False),
        ({"rotate": 180, "roi": LEFT}, False, True),
        ({"flip": "horizontal", "roi": LEFT}, False, True),
        ({"rotate": 90, "roi": RIGHT}, True, True),  # what was above is on the right then
        ({"rotate": 90, "roi": LEFT}, False, False),
        ({"motion": 0.5}, False, False),
    ],
)
def test_where_motion_counts(fields: dict[str, object], left: bool, right: bool) -> None:
    for x, expected in ((100, left), (500, right)):
        gate = MotionGate(camera(**fields), still_fps=0.01)
        assert gate.admit(scene(), 0.0)
        assert gate.admit(scene(x, noise=1), 0.1) is expected, (x, fields)
        assert gate.moved is expected


def test_a_picture_of_another_shape_is_sent() -> None:
    gate = MotionGate(camera(), still_fps=0.01)
    sizes = [(640, 360), (640, 360), (640, 480), (640, 480)]
    assert admitted(gate, [scene(size=size, noise=number) for number, size in enumerate(sizes)]) == [0, 2]


def test_the_share_is_of_the_region() -> None:
    """The square has 1600 of the picture's 230400 pixels, and of a region of a tenth ten times as large a share."""
    around: tuple[Point, ...] = ((0.1, 0.2), (0.35, 0.2), (0.35, 0.6), (0.1, 0.6))
    for roi, share, expected in ((None, 0.004, True), (None, 0.02, False), (around, 0.04, True)):
        gate = MotionGate(camera(roi=roi, motion=share), still_fps=0.01)
        gate.admit(scene(), 0.0)
        assert gate.admit(scene(100, noise=1), 0.1) is expected, (roi, share)


def test_a_source_that_begins_anew_keeps_its_keep_alive_rate() -> None:
    gate = MotionGate(camera(), still_fps=1)
    assert admitted(gate, [scene(noise=number) for number in range(300)]) == list(range(0, 300, 10))
    assert admitted(gate, [scene(noise=number) for number in range(25)]) == [0, 10, 20]
