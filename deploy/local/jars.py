"""Kafka's jars: those of KAFKA_HOME, or the locked Maven artifacts, fetched once into the cache and verified."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from processors.samples.cachefile import exclusive, place, scratch_directory, sha256_of
from processors.samples.progress import Progress, silent
from schemas.errors import EnvironmentMissingError, FetchError

VERSION: Final = "4.3.1"
MEGABYTES: Final = 44
"""What is downloaded when the cache is empty."""
_LABEL: Final = f"Apache Kafka {VERSION}"
_TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked Maven artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The name that Maven gives the file."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars() -> tuple[Jar, ...]:
    """The jars of `kafka.lock`."""
    return parse_lock((files("deploy.local") / "kafka.lock").read_text())


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Read lines of `group:artifact:version sha256`; lines with # are comments.

    Raises:
        FetchError: A line is not of that form.
    """
    jars = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        coordinates, _, sha256 = line.partition(" ")
        parts = coordinates.split(":")
        if len(parts) != 3 or len(sha256) != 64:
            raise FetchError(f"kafka.lock: {line!r}: expected group:artifact:version sha256")
        jars.append(Jar(parts[0], parts[1], parts[2], sha256))
    return tuple(jars)


def find_jars(cache: Path, *, progress: Progress = silent, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The jars of Kafka's class path: from KAFKA_HOME, else from the cache, else fetched into it.

    Raises:
        EnvironmentMissingError: KAFKA_HOME has no jars.
        FetchError: A jar could not be had, or is not the one that the lock names.
    """
    if environ.get("KAFKA_HOME"):
        return _installed(Path(environ["KAFKA_HOME"]))
    folder = jar_folder(cache)
    wanted = locked_jars()
    if missing_jars(cache):
        with exclusive(cache / "kafka.lock"):
            _fetch(missing_jars(cache), folder, progress)
    return tuple(folder / jar.filename for jar in wanted)


def jar_folder(cache: Path) -> Path:
    """Where the cache keeps this version's jars."""
    return cache / f"kafka-{VERSION}"


def missing_jars(cache: Path) -> tuple[Jar, ...]:
    """The locked jars that the cache lacks; what it has was verified on its way in."""
    folder = jar_folder(cache)
    return tuple(jar for jar in locked_jars() if not (folder / jar.filename).exists())


def _installed(home: Path) -> tuple[Path, ...]:
    jars = tuple(sorted((home / "libs").glob("*.jar")))
    if not any(jar.name.startswith("kafka_2.13-") for jar in jars):
        raise EnvironmentMissingError(
            f"KAFKA_HOME={home}: expected the jars of Apache Kafka 4 in {home / 'libs'}; unset it to have them fetched"
        )
    return jars


def _fetch(missing: Sequence[Jar], folder: Path, progress: Progress) -> None:
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_directory(folder.parent) as scratch:
        try:
            _fetch_with_python(missing, folder, scratch, progress)
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo raises RuntimeError for a 404
            left = [jar for jar in missing if not (folder / jar.filename).exists()]
            _fetch_with_maven(left, folder, scratch, error)
    progress(_LABEL, len(missing), len(missing))


def _fetch_with_python(missing: Sequence[Jar], folder: Path, scratch: Path, progress: Progress) -> None:
    from jgo.maven import MavenContext  # noqa: PLC0415  # 200 ms that only a first start pays

    context = MavenContext(repo_cache=scratch / "jgo", timeout=_TIMEOUT_S)

    def fetch(jar: Jar) -> None:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        _adopt(Path(artifact.resolve()), jar, folder)

    with ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(fetch, jar) for jar in missing]
        try:
            for done, future in enumerate(as_completed(pending)):
                future.result()
                progress(_LABEL, done, len(missing))
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_with_maven(missing: Sequence[Jar], folder: Path, scratch: Path, cause: Exception) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise FetchError(
            f"{_LABEL}: cannot fetch {missing[0].filename}: {cause}. Ways out: a network connection, Maven (mvn) on "
            "the PATH, KAFKA_HOME=<an unpacked Kafka 4>, or a broker that exists: --kafka HOST:PORT"
        ) from cause
    pom = scratch / "pom.xml"
    pom.write_text(pom_of(missing))
    answer = subprocess.run(
        [maven, "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={scratch}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        lines = (answer.stdout + answer.stderr).strip().splitlines()
        raise FetchError(f"{_LABEL}: neither jgo ({cause}) nor mvn could fetch the jars: {lines[0] if lines else ''}")
    for jar in missing:
        _adopt(scratch / jar.filename, jar, folder)


def _adopt(fetched: Path, jar: Jar, folder: Path) -> None:
    found = sha256_of(fetched)
    if found != jar.sha256:
        raise FetchError(f"{jar.filename}: sha256 is {found}; expected {jar.sha256}")
    place(fetched, folder / jar.filename)


def pom_of(jars: Sequence[Jar]) -> str:
    """A Maven project that depends on just these jars, and on nothing that they depend on."""
    dependencies = "".join(
        f"<dependency><groupId>{escape(jar.group)}</groupId><artifactId>{escape(jar.artifact)}</artifactId>"
        f"<version>{escape(jar.version)}</version><exclusions><exclusion><groupId>*</groupId>"
        "<artifactId>*</artifactId></exclusion></exclusions></dependency>"
        for jar in jars
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>framebus</groupId><artifactId>kafka</artifactId>"
        f"<version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )


def verify_jars(cache: Path) -> tuple[str, ...]:
    """The names of cached jars that are no longer what the lock says; `framebus doctor` asks."""
    folder = jar_folder(cache)
    present = [(jar, folder / jar.filename) for jar in locked_jars() if (folder / jar.filename).exists()]
    return tuple(jar.filename for jar, path in present if sha256_of(path) != jar.sha256)
