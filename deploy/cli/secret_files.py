"""Secrets from files: for each secret setting, `FRAMEBUS_<FIELD>_FILE` names the file that holds it."""

from __future__ import annotations

import logging
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.errors import SettingsError
from schemas.settings import ENVIRONMENT_PREFIX, SECRETS

log = logging.getLogger(__name__)

_LIMIT_BYTES: Final = 4096


def with_secret_files(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with what the files hold, as if it stood there.

    Raises:
        SettingsError: A file cannot be read, may be written by others, is empty or no line of text, or its secret is
            given twice.
    """
    filled = dict(environ)
    for field in SECRETS:
        direct = ENVIRONMENT_PREFIX + field.upper()
        variable = f"{direct}_FILE"
        name = filled.pop(variable, None)
        if name is None:
            continue
        if direct in filled:
            raise SettingsError(f"{direct} and {variable}={name!r} are both set; expected one of them")
        filled[direct] = _read(variable, Path(name).expanduser())
    return filled


def _read(variable: str, path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise SettingsError(f"{variable}='{path}': expected a regular file")
        with path.open("rb") as file:
            content = file.read(_LIMIT_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{variable}='{path}': {error.strerror}; expected a file with the secret") from None
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(
            f"{variable}='{path}': others may write it (mode {stat.S_IMODE(mode):04o}); expected 0600 or 0400"
        )
    if mode & stat.S_IROTH:
        # No error: a container's mounted secrets look like this, and there nobody else is.
        log.warning(
            "a secret can be read by everyone on this machine variable=%s path=%s way_out='chmod o-r'", variable, path
        )
    return _line(variable, path, content)


def _line(variable: str, path: Path, content: bytes) -> str:
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}='{path}': expected text in UTF-8") from None
    if len(content) > _LIMIT_BYTES or not text.isprintable():
        raise SettingsError(f"{variable}='{path}': expected one line of at most {_LIMIT_BYTES} bytes")
    if not text.strip():
        raise SettingsError(f"{variable}='{path}': the file is empty; expected the secret in one line")
    return text
