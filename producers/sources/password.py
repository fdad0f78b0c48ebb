"""Cameras' passwords: from files of one folder, each named after the host that it is for, and only there."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final
from unicodedata import normalize
from urllib.parse import SplitResult, unquote, urlsplit

from schemas.errors import SourceError, SourceRefusedError
from schemas.redaction import conceal, hide, holds_secret, redact

LIMIT_BYTES: Final = 1024
_WHITE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\s*//\S*\s")
EXPECTED: Final = (
    "rtsp://user@host/…, and the password in the file `host` or `host_port` of the capture workers' "
    "FRAMEBUS_CAMERA_PASSWORDS"
)


def check_source(source: str) -> None:
    """Check that a source's text holds no secret, and that its user is one that can stand in a header.

    Raises:
        SourceRefusedError: It does, or is not, or it is a URL with white space, or none that can be read; the text
            holds no secret.
    """
    if _WHITE.match(source):
        # What looks for secrets takes a text word by word: half a password would look like none.
        raise SourceRefusedError(f"source {conceal(source)!r} is a URL with white space in it; expected %20")
    if holds_secret(source):
        raise SourceRefusedError(
            f"source {hide(source)!r} holds a secret, which would stand in a topic; expected {EXPECTED}"
        )
    try:
        user = urlsplit(source).username if "://" in source else None
    except ValueError:
        shown = conceal(normalize("NFKC", source))  # some letters are an `@` to whoever reads a host
        raise SourceRefusedError(
            f"source {shown!r} is a URL that nobody can read; expected a name or an address as its host"
        ) from None
    if user and not unquote(user).isprintable():
        raise SourceRefusedError(f"source {redact(source)!r}: its user has control characters; expected a name")


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
