"""A model's file on this machine, wherever it comes from, and the sha256 of what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from processors.samples.cachefile import sha256_of
from processors.samples.packages import fetch_file
from processors.samples.progress import Progress
from processors.samples.urls import fetch_url
from schemas.catalogue import LocalFile, PackageFile, Source, UrlFile
from schemas.errors import FetchError


def fetch_source(source: Source, cache: Path, progress: Progress) -> Path:
    """The path of the file, under `cache` if it is fetched.

    Raises:
        FetchError: It cannot be had, or is not the expected one.
    """
    match source:
        case PackageFile():
            return fetch_file(source, cache, progress)
        case UrlFile():
            return fetch_url(source, cache, progress)
        case LocalFile():
            return Path(source.file)


def sha256_of_source(source: Source) -> str:
    """The sha256 that is expected, or that a local file and what belongs to it have.

    Raises:
        FetchError: The local file cannot be read.
    """
    if isinstance(source, PackageFile) and source.beside:
        return hashlib.sha256("".join([source.sha256, *source.beside.values()]).encode()).hexdigest()
    if not isinstance(source, LocalFile):
        return source.sha256
    try:
        parts = [sha256_of(part) for part in _parts(Path(source.file))]
    except OSError as error:
        raise FetchError(f"network {source.file}: {error.strerror}; expected a file that can be read") from None
    return parts[0] if len(parts) == 1 else hashlib.sha256("".join(parts).encode()).hexdigest()


def _parts(file: Path) -> Iterator[Path]:
    """The file and, where they are there, the weights beside it."""
    yield file
    beside = (
        file.with_suffix({".xml": ".bin", ".pdmodel": ".pdiparams"}.get(file.suffix, file.suffix)),
        file.with_name(f"{file.name}.data"),
        file.with_name(f"{file.name}_data"),
    )
    yield from (path for path in beside if path != file and path.is_file())
