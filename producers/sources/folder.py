"""A folder of pictures, in the order of their names."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from producers.sources.local import check_inside, open_inside
from producers.sources.rules import SourceRules
from producers.sources.source import Picture
from schemas.errors import SourceError

log = logging.getLogger(__name__)

DEFAULT_FPS: Final = 1.0
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class FolderSource:
    """The pictures in `folder`, sorted by name; one that cannot be read is left out with a warning.

    The folder is listed when it is opened, and again for each turn of a loop.
    """

    live = False

    def __init__(
        self, folder: str, *, rules: SourceRules | None = None, fps: float | None = None, loop: bool = False
    ) -> None:
        self._folder = Path(folder)
        self._rules = rules or SourceRules()
        self._fps = fps or DEFAULT_FPS
        self._loop = loop
        self._left = self._list()

    @property
    def fps(self) -> float:
        return self._fps

    def read(self) -> Picture | None:
        picture = self._next()
        if picture is None and self._loop:
            self._left = self._list()
            picture = self._next()
            if picture is None:
                raise SourceError(
                    f"source {str(self._folder)!r}: none of its pictures can be read; expected at least one"
                )
        return picture

    def close(self) -> None:
        self._left = []

    def _list(self) -> list[Path]:
        check_inside(self._folder, self._rules)
        try:
            names = sorted(path for path in self._folder.iterdir() if path.suffix.lower() in SUFFIXES)
        except OSError as error:
            raise SourceError(
                f"source {str(self._folder)!r}: {error.strerror}; expected a folder of pictures"
            ) from None
        if not names:
            expected = " ".join(sorted(SUFFIXES))
            raise SourceError(f"source {str(self._folder)!r}: no picture in it; expected files ending in {expected}")
        return names[::-1]

    def _next(self) -> Picture | None:
        while self._left:
            path = self._left.pop()
            try:
                with open_inside(path, self._rules) as file:
                    picture = _decode(file.read())
            except (SourceError, OSError) as error:
                log.warning("picture left out file=%s: %s", path, error)
                continue
            if picture is not None:
                return picture
            log.warning("picture left out file=%s: not a picture that OpenCV reads", path)
        return None


def _decode(content: bytes) -> Picture | None:
    try:
        picture: Picture | None = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file
        return None
    return picture
