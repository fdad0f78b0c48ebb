"""Programs that tests alone need, from Debian: fetched by apt, which knows its mirrors and their keys."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import pytest

from processors.samples.cachefile import exclusive, scratch_directory
from schemas.errors import FetchError
from schemas.settings import Settings

_DEADLINE_S: Final = 120.0


def find_program(name: str, *packages: str, cache: Path) -> Path:
    """The installed program `name`, else the one that the packages have, unpacked in `cache`.

    Raises:
        FetchError: There is neither.
    """
    if installed := shutil.which(name):
        return Path(installed)
    folder = cache / packages[0]
    program = folder / "usr" / "bin" / name
    with exclusive(cache / f"{packages[0]}.lock"):
        if not program.exists():
            with scratch_directory(cache) as scratch:
                _unpack(name, packages, scratch)
                if not (scratch / "root" / "usr" / "bin" / name).exists():
                    raise FetchError(f"{name}: {', '.join(packages)} have no usr/bin/{name}; expected one")
                shutil.rmtree(folder, ignore_errors=True)
                (scratch / "root").rename(folder)
    return program


def need_program(name: str, *packages: str) -> Path:
    """As `find_program`, in the usual cache; a test that cannot have it is skipped, or fails."""
    try:
        return find_program(name, *packages, cache=Settings().cache_dir)
    except FetchError as error:
        lacking(str(error))


def lacking(what: str) -> NoReturn:
    """Skip a test for the lack of `what`: here that may be a choice, where changes are checked it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def _unpack(name: str, packages: Sequence[str], scratch: Path) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise FetchError(f"{name}: neither installed nor to be fetched, for there is no {tool} here")
    _call(name, ["apt-get", "download", "-q", *packages], scratch)
    for deb in sorted(scratch.glob("*.deb")):
        _call(name, ["dpkg-deb", "-x", str(deb), "root"], scratch)


def _call(name: str, command: Sequence[str], folder: Path) -> None:
    try:
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_DEADLINE_S)
    except subprocess.TimeoutExpired:
        raise FetchError(f"{name}: {' '.join(command)}: not done after {_DEADLINE_S:.0f} s") from None
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip().splitlines() or ["nothing"]
        raise FetchError(f"{name}: {' '.join(command)} ended with code {answer.returncode}: {said[-1]}")
