"""A file of cameras: a mapping with a list `cameras`, as the chart's values have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.cameras import check_camera, make_camera
from schemas.catalogue import Catalogue
from schemas.catalogue.marked import LIMIT_BYTES, Marked, MarkedError, read_marked
from schemas.errors import CameraError
from schemas.messages import Camera
from schemas.printable import printable, shown


def read_camera_file(file: Path, catalogue: Catalogue) -> tuple[Camera, ...]:
    """The cameras of `file`, each of which has passed `check_camera`.

    Raises:
        CameraError: The file cannot be read, or a camera is wrong; the message begins with the file and the line.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise CameraError(f"{printable(str(file))}: {error.strerror}; expected a YAML file of cameras") from None
    try:
        marked = read_marked(data)
    except MarkedError as error:
        raise _wrong(file, error.line, str(error)) from None
    cameras: dict[str, Camera] = {}
    for line, fields in _entries(file, marked):
        try:
            camera = make_camera(fields)
            check_camera(camera, catalogue)
        except CameraError as error:
            raise _wrong(file, line, str(error)) from None
        if camera.id in cameras:
            raise _wrong(file, line, f"camera {camera.id!r} is there twice; expected another id")
        cameras[camera.id] = camera
    return tuple(cameras.values())


def _entries(file: Path, marked: Marked) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each camera's fields, and the line where they begin."""
    value = marked.value
    if not isinstance(value, dict) or value.keys() != {"cameras"} or not isinstance(value["cameras"], list):
        raise _wrong(file, 1, f"{shown(value)}: expected cameras: and a list of them")
    for place, fields in enumerate(value["cameras"]):
        line = marked.line(("cameras", str(place)))
        if not isinstance(fields, dict):
            raise _wrong(file, line, f"camera {shown(fields)}: expected a mapping of fields, as id: door")
        yield line, fields


def _wrong(file: Path, line: int, reason: str) -> CameraError:
    return CameraError(f"{printable(str(file))}:{line}: {reason}")
