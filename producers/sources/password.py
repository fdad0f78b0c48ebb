"""Cameras' passwords: from files of one folder, each named after the host that it is for, and only there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from schemas.errors import SourceError
from schemas.messages import Camera


def with_password(camera: Camera, folder: Path | None) -> Camera:
    """The camera with its password in `source`: `rtsp://user@host/…` and a file `host` in `folder` that holds it.

    A source without a user, or a host without a file, stays as it is. The answer is for opening the source only.

    Raises:
        SourceError: The file is there, but cannot be read.
    """
    if folder is None or "://" not in camera.source:
        return camera
    url = urlsplit(camera.source)
    if not url.username or url.password is not None or not url.hostname:
        return camera
    file = folder / url.hostname
    if file.parent != folder or not file.is_file():
        return camera
    try:
        password = file.read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"camera {camera.id!r}: password file {file}: {type(error).__name__}; expected a text"
        ) from None
    user, _, place = url.netloc.rpartition("@")
    netloc = f"{user}:{quote(password, safe='')}@{place}"
    return camera.model_copy(update={"source": urlunsplit(url._replace(netloc=netloc))})
