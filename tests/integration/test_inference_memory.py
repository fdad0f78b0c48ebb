"""Too little memory is no fault of a frame."""

from __future__ import annotations

import subprocess
import sys

CHILD = """
import resource
import cv2, numpy as np
from processors.families import Placement
from processors.inference.picture import decode_picture
from schemas.catalogue import Catalogue

cv2.setNumThreads(1)
spec = Catalogue().get("face-detection").input
noise = cv2.resize(np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8), (4000, 3000))
progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
whole = cv2.imencode(".jpg", noise, progressive)[1].tobytes()
small = cv2.imencode(".jpg", noise[:64, :64], progressive)[1].tobytes()
del noise
decode_picture(small, spec, Placement.of(spec, 64, 64))
for value in (whole, whole[:200]):
    for spare in range(2, 202, 6):
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + spare * 2**20, -1))
        try:
            told = str(decode_picture(value, spec, Placement.of(spec, 4000, 3000)).shape)
        except Exception as error:
            told = next(one.__name__ for one in type(error).__mro__ if one.__module__ != "numpy._core._exceptions")
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        print(told)
"""


def test_a_picture_that_does_not_fit_into_memory_is_not_called_broken() -> None:
    """A progressive JPEG of 12 megapixels, and the beginning of one, with ever more memory to spare."""
    child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=100)
    told = child.stdout.splitlines()
    whole, broken = told[: len(told) // 2], told[len(told) // 2 :]
    decoded, refused = "(375, 500, 3)", "NotJpegError"
    assert set(whole) <= {"MemoryError", "error", decoded}, "OpenCV's error says itself that memory is short"
    assert "MemoryError" in whole
    assert set(broken) == {"MemoryError", refused}
    assert (whole[-1], broken[-1]) == (decoded, refused), "with enough memory what is whole and what is broken is told"
