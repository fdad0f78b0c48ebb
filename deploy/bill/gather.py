"""Reads the parts from the locks: Python's, npm's, Kafka's jars, the catalogue's networks, the sample videos."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from deploy.bill.licences import APACHE_JARS, BUNDLED, JARS, spdx
from deploy.bill.part import Part, Section
from schemas.catalogue import PackageFile
from schemas.catalogue.builtin import BUILTIN
from schemas.errors import EnvironmentMissingError

_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_HASH: Final = re.compile(r"--hash=(sha256):([0-9a-f]{64})")
_REASON: Final = re.compile(r'^\s*"([A-Za-z0-9._-]+)[^"]*",?\s*#\s*(.+)$', re.MULTILINE)
_LICENCE: Final = re.compile(r"^([A-Za-z0-9.-]+(?: AND [A-Za-z0-9.-]+)*)(?: \((.+)\))?$")


def gather(root: Path) -> list[Part]:
    """Every part of the project at `root`, by section and name; Python's licences are those of what is installed.

    Raises:
        EnvironmentMissingError: The development environment is not installed, or a licence is not known.
    """
    parts = [*python(root), *bundled(), *kafka(root), *page(root), *data()]
    order = list(Section)
    return sorted(parts, key=lambda part: (order.index(part.section), part.name.lower(), part.version))


def python(root: Path) -> Iterator[Part]:
    """The packages of both locks; those of the first are the run time's."""
    runtime = _pinned(root / "deploy/requirements.lock")
    development = _pinned(root / "deploy/requirements-dev.lock")
    run, work = ({name for name, _ in lock} for lock in (runtime, development))
    installed = _installed()
    project = (root / "pyproject.toml").read_text()
    reasons = {_normal(name): reason for name, reason in _REASON.findall(project)}
    direct = _direct(project)
    needed_by = _needed_by(installed.values())
    for (name, version), hashes in {**development, **runtime}.items():
        distribution = installed.get(name)
        users = sorted(needed_by.get(name, set()) & (run if name in run else work))
        why = reasons.get(name) or (
            "a tool" if name in direct else f"needed by {', '.join(users[:3])}" if users else ""
        )
        yield Part(
            Section.RUNTIME if name in run else Section.DEVELOPMENT,
            name,
            version,
            _python_licence(name, distribution),
            why or "on other systems only",
            kind="pypi",
            hashes=hashes,
        )


def bundled() -> Iterator[Part]:
    """The native libraries that wheels carry in folders `*.libs`, once each.

    Raises:
        EnvironmentMissingError: A library is not in the list of licences.
    """
    seen = set()
    for package, known in BUNDLED.items():
        distribution = _installed()[package]
        for file in distribution.files or ():
            if not file.parts[0].endswith(".libs") or ".so" not in file.name:
                continue
            start = max((start for start in known if file.name.startswith(start)), key=len, default=None)
            if start is None:
                raise EnvironmentMissingError(
                    f"package {package}: library {file.name} is not known; expected it in deploy/bill/licences.py"
                )
            name, licence, why = known[start]
            if (package, name) not in seen:
                seen.add((package, name))
                yield Part(Section.BUNDLED, name, f"in {package}", licence, why)


def kafka(root: Path) -> Iterator[Part]:
    """The jars of the embedded Kafka."""
    for line in (root / "deploy/local/kafka.lock").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        coordinates, sha256 = line.split()
        name, _, version = coordinates.rpartition(":")
        licence = JARS.get(name) or ("Apache-2.0" if APACHE_JARS.match(name) else None)
        if licence is None:
            raise EnvironmentMissingError(
                f"jar {name}: its licence is not known; expected it in deploy/bill/licences.py"
            )
        yield Part(
            Section.KAFKA, name, version, licence, "the embedded Kafka", kind="maven", hashes=(("sha256", sha256),)
        )


def page(root: Path) -> Iterator[Part]:
    """The packages of the page's lock."""
    lock = json.loads((root / "api/dashboard/package-lock.json").read_text())
    for path, entry in lock["packages"].items():
        if not path:
            continue
        name = path.rpartition("node_modules/")[2]
        algorithm, _, digest = entry["integrity"].partition("-")
        used = not entry.get("dev")
        yield Part(
            Section.PAGE if used else Section.PAGE_BUILD,
            name,
            entry["version"],
            entry["license"],
            "the page" if used else "builds, checks or tests the page",
            kind="npm",
            hashes=((algorithm, base64.b64decode(digest).hex()),),
        )


def data() -> Iterator[Part]:
    """The catalogue's networks and the sample videos."""
    from deploy.local.media import PEDESTRIANS, SAMPLES  # noqa: PLC0415  # downloads, for those who want them

    for model in BUILTIN:
        file = model.source
        assert isinstance(file, PackageFile)  # noqa: S101  # what is built in comes from packages
        licence, whose = _split(file.licence)
        why = f"a built-in network, of {whose or file.package}"
        yield Part(Section.DATA, model.name, file.version, licence, why, hashes=(("sha256", file.sha256),))
    for name, file in SAMPLES.items():
        licence, whose = _split(file.licence)
        why = f"a sample video, of {whose or file.package}"
        yield Part(Section.DATA, name, file.version, licence, why, hashes=(("sha256", file.sha256),))
    yield Part(Section.DATA, PEDESTRIANS, "of Debian's opencv-doc", "BSD-3-Clause", "a sample video, of OpenCV")


def _split(licence: str) -> tuple[str, str]:
    match = _LICENCE.match(licence)
    if match is None:
        raise EnvironmentMissingError(f"licence {licence!r}: expected an SPDX name, and whose in brackets")
    return match[1], match[2] or ""


def _pinned(lock: Path) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Hashes by name and version: a package may stand there once for each version of Python."""
    return {
        (_normal(name), version): tuple(_HASH.findall(rest))
        for name, version, rest in _PINNED.findall(lock.read_text())
    }


def _direct(project: str) -> set[str]:
    table = tomllib.loads(project)
    given = [
        *table["project"]["dependencies"],
        *(one for group in table["dependency-groups"].values() for one in group),
    ]
    return {_normal(re.split(r"[^A-Za-z0-9._-]", requirement)[0]) for requirement in given}


def _installed() -> dict[str, Distribution]:
    return {_normal(distribution.metadata["Name"]): distribution for distribution in distributions()}


def _needed_by(installed: Iterable[Distribution]) -> dict[str, set[str]]:
    needed: dict[str, set[str]] = {}
    for distribution in installed:
        for requirement in distribution.requires or ():
            name = _normal(re.split(r"[^A-Za-z0-9._-]", requirement)[0])
            needed.setdefault(name, set()).add(_normal(distribution.metadata["Name"]))
    return needed


def _python_licence(name: str, distribution: Distribution | None) -> str:
    if distribution is None:
        return spdx(name, None, None, ())
    metadata = distribution.metadata
    classifiers = tuple(
        one.rpartition(" :: ")[2] for one in metadata.get_all("Classifier", []) if one.startswith("License ::")
    )
    return spdx(name, metadata["License-Expression"], metadata["License"], classifiers)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
