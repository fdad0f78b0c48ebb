"""A picture with what a model saw in it, as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from api.frames.overlay import decode, draw_detections
from schemas.errors import SourceError
from schemas.messages import Detection


def write_annotated(jpeg: bytes, detections: Sequence[Detection], path: Path) -> None:
    """Write the picture with boxes, labels and keypoints, in the format that the name of `path` ends in.

    Raises:
        NotJpegError: The picture cannot be decoded.
        SourceError: The picture cannot be written.
    """
    picture = decode(jpeg)
    draw_detections(picture, detections)
    try:
        encoded = cv2.imencode(path.suffix or ".jpg", picture)[1].tobytes()
        path.write_bytes(encoded)
    except cv2.error:
        raise SourceError(f"picture {path}: expected a name that ends in .jpg, .png or .webp") from None
    except OSError as error:
        raise SourceError(f"picture {path}: {error.strerror}; expected a place that can be written to") from None
