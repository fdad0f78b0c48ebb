"""Files that sources name: inside the folders that the rules allow, regular, and opened once."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from producers.sources.rules import SourceRules
from schemas.errors import SourceError, SourceRefusedError


def check_inside(path: Path, rules: SourceRules) -> Path:
    """The path with its links resolved, if it is in a folder that the rules allow.

    Raises:
        SourceRefusedError: It is not.
    """
    real = path.resolve()
    if rules.roots is not None and not any(real.is_relative_to(root.resolve()) for root in rules.roots):
        roots = ", ".join(str(root) for root in rules.roots)
        leads = f", which leads to {str(real)!r}," if real != path else ""
        raise SourceRefusedError(
            f"source {str(path)!r}{leads} is outside of FRAMEBUS_SOURCE_ROOTS; expected a path in {roots}"
        )
    return real


def open_inside(path: Path, rules: SourceRules) -> BinaryIO:
    """Open a regular file that the rules allow: what is checked is what is open.

    Raises:
        SourceRefusedError: It is outside of the folders that the rules allow.
        SourceError: It is not there, cannot be read, or is no regular file.
    """
    real = check_inside(path, rules)
    try:
        # A path that was resolved has no link at its end; a pipe would wait for its writer.
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"source {str(path)!r}: {error.strerror}; expected a file that can be read") from None
    with ExitStack() as undo:
        file = undo.enter_context(os.fdopen(handle, "rb"))
        _check_open(path, handle, rules)
        undo.pop_all()
    return file


def _check_open(path: Path, handle: int, rules: SourceRules) -> None:
    """Check what is open: a folder on the way to it may have become a link meanwhile."""
    if rules.roots is not None:
        check_inside(Path(f"/proc/self/fd/{handle}"), rules)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise SourceError(f"source {str(path)!r}: it is no regular file; expected a video or a picture")
