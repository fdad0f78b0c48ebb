"""Cameras' passwords: from files of one folder, each named after the host that it is for, and only there."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from schemas.errors import SourceError, SourceRefusedError

LIMIT_BYTES: Final = 1024


def read_password(source: str, folder: Path | None) -> str | None:
    """The password of the user in `source`, from `folder`; None where the source names no user, or no file is there.

    A file `host_port` is before a file `host`; of the host's name capitals become small and `:` becomes `_`. The file
    may be a link inside the folder, as Kubernetes mounts secrets, and is read at each opening of the source.

    Raises:
        SourceRefusedError: The file's name leads out of the folder, or everybody may write to it.
        SourceError: The file cannot be read, or holds no password: a single line of text.
    """
    url = urlsplit(source) if "://" in source else None
    if folder is None or url is None or not url.username or not url.hostname:
        return None
    for name in _names(url):
        file = folder / name
        if file.parent == folder and os.path.lexists(file):
            return _read(file, folder)
    return None


def _names(url: SplitResult) -> tuple[str, ...]:
    host = (url.hostname or "").lower().replace(":", "_")
    if host in (".", ".."):
        return ()
    port = url.port or {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}.get(url.scheme.lower())
    return (f"{host}_{port}", host)


def _read(file: Path, folder: Path) -> str:
    """The password in `file`."""
    if not file.resolve().is_relative_to(folder.resolve()):
        raise SourceRefusedError(f"password file {file} leads out of {folder}; expected a file in it")
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:  # noqa: PTH123
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(f"password file {file}: it is no regular file; expected a text")
            if status.st_mode & stat.S_IWOTH:
                raise SourceRefusedError(f"password file {file}: everybody may write to it; expected mode 0600 or 0644")
            content = opened.read(LIMIT_BYTES + 1)
        password = content.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"password file {file}: {type(error).__name__}; expected a text") from None
    if not password or len(content) > LIMIT_BYTES or not password.isprintable():
        raise SourceError(
            f"password file {file}: expected one line of 1 to {LIMIT_BYTES} bytes, without control characters"
        )
    return password
