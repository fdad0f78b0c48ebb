"""What tests of the inference core share: frames of real video as JPEGs, and an answer within a deadline."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from processors.inference.core import Inference, InferenceCore

DEADLINE = 60.0


@cache
def read_frame(video: Path, number: int) -> np.ndarray:
    capture = cv2.VideoCapture(str(video))
    capture.set(cv2.CAP_PROP_POS_FRAMES, number)
    found, frame = capture.read()
    capture.release()
    assert found, f"{video} has no frame {number}"
    return np.asarray(frame)


def jpeg_of(picture: np.ndarray, *, width: int | None = None, quality: int = 90) -> bytes:
    if width:
        picture = cv2.resize(picture, (width, round(picture.shape[0] * width / picture.shape[1])))
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def infer(core: InferenceCore, jpeg: bytes) -> Inference:
    return core.submit(jpeg).result(DEADLINE)
