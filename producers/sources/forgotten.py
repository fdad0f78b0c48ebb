"""Gives back the texts that OpenCV forgets: the name of the method, with each call of a stream's `read` or `seek`."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import cv2

FORGETFUL: Final = cv2.__version__ == "5.0.0"
"""Whether this is the release that was looked into: with any other one nothing is given back."""
_SAMPLE: Final = "".join(("re", "ad"))
_OWN: Final = sys.getrefcount(_SAMPLE)
"""References to a text that nobody has but one variable, as `getrefcount` counts them."""


class ForgottenNames:
    """Keeps each name until the next one comes: whoever still holds it then has forgotten it.

    OpenCV 5.0.0 makes a new text for each call and never lets go of it (`PyString_FromString("read")` in its
    PythonStreamReader, https://github.com/opencv/opencv/pull/25584): 64 bytes for each 32 KiB of a file or an HTTP
    camera, which are tens of megabytes a day. Where OpenCV lets go of it, or is another release, nothing is done here.
    """

    def __init__(self) -> None:
        self._name: str | None = None

    def keep(self, name: str | None) -> None:
        """Keep `name`, which was made for one call, or nothing; what was kept before is given back."""
        if FORGETFUL and self._name is not None and sys.getrefcount(self._name) == _OWN + 1:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._name))
        self._name = name
