"""Files that sources name: inside the folders that the rules allow, regular, and opened once."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from producers.sources.rules import SourceRules
from schemas.errors import SourceError, SourceRefusedError

_EXPECTED: Final = "a video file, a folder of pictures or a URL"


def check_inside(path: Path, rules: SourceRules) -> Path:
    """The path with its links resolved, if it is in a folder that the rules allow.

    Raises:
        SourceRefusedError: It is not. What is outside is not told: neither what there is, nor where a link leads.
        SourceError: It is no path.
    """
    try:
        real = Path(os.path.realpath(path))  # of links that lead in a circle it is the first: to open it fails
    except (OSError, ValueError) as error:
        raise SourceError(f"source {str(path)!r}: {error}; expected a path that can be") from None
    if not _is_in(real, rules.roots, os.path.realpath):
        leads = "leads" if _is_in(Path(os.path.abspath(path)), rules.roots, os.path.abspath) else "is"  # noqa: PTH100
        roots = ", ".join(str(root) for root in rules.roots) or "a folder that it names (now it names none)"
        raise SourceRefusedError(
            f"source {str(path)!r} {leads} outside of FRAMEBUS_SOURCE_ROOTS; expected a path in {roots}"
        )
    return real


def is_folder(path: Path, rules: SourceRules) -> bool:
    """Whether it is a folder that the rules allow.

    Raises:
        SourceRefusedError: It is outside of the folders that the rules allow.
        SourceError: It is no path.
    """
    return os.path.isdir(check_inside(path, rules))  # noqa: PTH112  # what may not be looked at is opened, and says so


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
        expected = _EXPECTED if isinstance(error, FileNotFoundError) else "a file that can be read"
        raise SourceError(f"source {str(path)!r}: {error.strerror}; expected {expected}") from None
    with ExitStack() as undo:
        file = undo.enter_context(os.fdopen(handle, "rb"))
        _check_open(path, handle, rules)
        undo.pop_all()
    return file


def _check_open(path: Path, handle: int, rules: SourceRules) -> None:
    """Check what is open: a folder on the way to it may have become a link meanwhile."""
    check_inside(Path(f"/proc/self/fd/{handle}"), rules)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise SourceError(f"source {str(path)!r}: it is no regular file; expected a video or a picture")


def _is_in(path: Path, roots: Iterable[Path], follow: Callable[[Path], str]) -> bool:
    return any(path.is_relative_to(follow(root)) for root in roots)
