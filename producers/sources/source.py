"""What every kind of camera source is to the rest of capture."""

from __future__ import annotations

from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
"""Pixels of one picture: height × width × 3, BGR."""


class Source(Protocol):
    """An open source of pictures; `open_source` opens it, and an object that exists is open.

    `live` sources give pictures when the camera does, and are opened again when they break. The others are recorded:
    `read` gives the next picture at once, the reader waits for its time, and None is their end.
    """

    @property
    def live(self) -> bool: ...

    @property
    def fps(self) -> float | None:
        """Pictures a second: a recorded source's own rate; None where a live source does not say."""
        ...

    def read(self) -> Picture | None:
        """The next picture, or None after the last one.

        Raises:
            SourceError: The source broke.
        """
        ...

    def close(self) -> None:
        """Give back what the source holds; it may not be read afterwards."""
        ...


@runtime_checkable
class Skipping(Protocol):
    """A recorded source that passes over a picture for less than `read` costs."""

    def skip(self) -> bool:
        """Pass over the next picture; False after the last one.

        Raises:
            SourceError: The source broke.
        """
        ...
