"""Frames to quantise with are never those to compare with, nor their neighbours."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.local.sample_frames import own_frames, split
from schemas.catalogue import Catalogue
from schemas.errors import SourceError

FACES = Catalogue().get("face-detection")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, ([], [])),
        (1, ([0], [])),
        (10, ([0, 2, 4, 6, 8], [1, 3, 5, 7, 9])),
        (20, ([0, 1, 4, 5, 8, 9, 12, 13, 16, 17], [2, 3, 6, 7, 10, 11, 14, 15, 18, 19])),
    ],
)
def test_parts_go_to_both_sides_in_turn(count: int, expected: tuple[list[int], list[int]]) -> None:
    assert split(count, 100, 100) == expected


@pytest.mark.parametrize("count", [100, 795, 2000])
def test_at_most_so_many_evenly_and_from_parts_of_their_own(count: int) -> None:
    calibration, held_out = split(count, 25, 40)
    assert (len(calibration), len(held_out)) == (25, 40)
    assert not set(calibration) & set(held_out)
    assert max(later - earlier for earlier, later in pairwise(calibration)) < count / 6
    assert {number * 10 // count % 2 for number in held_out} == {1}


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((1000, 1280, 3), 10 * number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    frames = own_frames(FACES, tmp_path)
    assert (len(frames.calibration), len(frames.held_out), frames.source) == (10, 10, str(tmp_path))
    pictures = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in frames.calibration]
    assert {picture.shape for picture in pictures if picture is not None} == {(500, 640, 3)}, "as capture sends them"
    assert [round(float(picture.mean()) / 10) for picture in pictures if picture is not None][:3] == [0, 1, 4]


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    with pytest.raises(SourceError, match=r"frames .*notes\.txt: OpenCV cannot read it; expected a folder of pictures"):
        own_frames(FACES, tmp_path / "notes.txt")


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.jpg").write_text("no picture")
    with pytest.raises(SourceError, match=r"picture .*00\.jpg: OpenCV cannot read it; expected a JPEG, PNG"):
        own_frames(FACES, tmp_path)
