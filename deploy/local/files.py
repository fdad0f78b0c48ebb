"""Files that several processes fetch at once: verified, atomic, each fetched by one of them."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import FetchError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; waits while another process holds it, and the kernel frees it if that one dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def adopt(source: Path, target: Path, *, sha256: str) -> None:
    """Move a fetched file to its place, atomically, if it is what was expected.

    Raises:
        FetchError: Its sha256 is another one; the file is removed.
    """
    found = sha256_of(source)
    if found != sha256:
        source.unlink()
        raise FetchError(f"{target.name}: sha256 {found}, expected {sha256}; it was removed, try again")
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
