"""Pictures that somebody names on the command line, as JPEGs."""

from __future__ import annotations

from pathlib import Path

from schemas.errors import SourceError


def jpeg_of(image: Path) -> bytes:
    """The picture as JPEG: as it is if it is one, else encoded anew.

    Raises:
        SourceError: It cannot be read, or is no picture.
    """
    try:
        value = image.read_bytes()
    except OSError as error:
        raise SourceError(f"picture {image}: {error.strerror}; expected a JPEG, PNG, … picture") from None
    if value.startswith(b"\xff\xd8"):
        return value
    import cv2  # noqa: PLC0415

    picture = cv2.imread(str(image))
    if picture is None:
        raise SourceError(f"picture {image}: OpenCV cannot read it; expected a JPEG, PNG, WebP, BMP or TIFF file")
    encoded: bytes = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return encoded
