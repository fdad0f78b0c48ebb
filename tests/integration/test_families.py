"""Each family on a real network and real pictures, through the core; where no package ships one, on a small graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from processors.families.geometry import iou
from processors.inference.core import InferenceCore
from processors.samples import prepare_network
from schemas.catalogue import Precision
from schemas.catalogue.builtin import FACE_DETECTION, FACE_DETECTION_FAST
from schemas.settings import Settings
from tests.integration.inference_kit import infer, jpeg_of, read_frame

if TYPE_CHECKING:
    from deploy.local.media import Media


@pytest.fixture(scope="module")
def faces() -> Iterator[tuple[InferenceCore, InferenceCore]]:
    """CenterFace, and MediaPipe's detector."""
    cache = Settings().cache_dir
    slow, fast = (
        InferenceCore(model, prepare_network(model, cache), precision=Precision.F32)
        for model in (FACE_DETECTION, FACE_DETECTION_FAST)
    )
    yield slow, fast
    slow.close()
    fast.close()


@pytest.mark.parametrize(
    ("video", "number"),
    [("WolfgangLanger_Pexels.mp4", number) for number in (10, 150, 300)] + [("single_face.mp4", 30)],
)
def test_mediapipe_finds_the_face_that_centerface_finds(
    faces: tuple[InferenceCore, InferenceCore], media: Media, video: str, number: int
) -> None:
    jpeg = jpeg_of(read_frame(media.path(video), number))
    (expected,), (found,) = (infer(core, jpeg).detections for core in faces)
    assert iou(np.array(expected.box), np.array([found.box]))[0] > 0.7
    assert expected.keypoints is not None
    assert found.keypoints is not None
    # Both begin with the eyes and the nose: the same to a tenth of the face's width.
    apart = np.array(found.keypoints[:3]) - np.array(expected.keypoints[:3])
    assert np.hypot(*apart.T).max() < 0.1 * (expected.box[2] - expected.box[0])
    *_, mouth, left_ear, right_ear = found.keypoints
    assert left_ear[0] < mouth[0] < right_ear[0]
