"""The list of licences is that of the locks, and every licence is one that was agreed to."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

from deploy.bill.documents import cyclonedx, licence_list
from deploy.bill.gather import gather
from deploy.bill.licences import forbidden, is_copyleft, spdx
from deploy.bill.part import Part, Section
from schemas.errors import EnvironmentMissingError

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def parts() -> list[Part]:
    return gather(ROOT)


def test_the_list_is_that_of_the_locks(parts: list[Part]) -> None:
    """When this fails, `make sbom` writes the list anew."""
    assert (ROOT / "docs/licences.md").read_text() == licence_list(parts)


def test_every_pinned_package_is_in_the_list(parts: list[Part]) -> None:
    locks = [(ROOT / "deploy" / name).read_text() for name in ("requirements.lock", "requirements-dev.lock")]
    pinned = {
        f"{name}=={version}" for lock in locks for name, version in re.findall(r"(?m)^([\w.-]+)==([^ ;\\]+)", lock)
    }
    listed = {f"{part.name}=={part.version}" for part in parts if part.kind == "pypi"}
    assert listed == pinned
    jars = (ROOT / "deploy/local/kafka.lock").read_text().count("\n")
    assert sum(part.kind == "maven" for part in parts) == jars - 2, "two lines of the lock are its heading"
    assert all(part.hashes for part in parts if part.kind != "generic")


def test_every_licence_is_allowed(parts: list[Part]) -> None:
    assert {part.name: found for part in parts if (found := forbidden(part.name, part.licence))} == {}


def test_ffmpeg_is_built_without_its_gpl_parts() -> None:
    """The list says LGPL: FFmpeg's libraries hold the options that they were built with."""
    files = [file for file in distribution("opencv-python").files or () if file.name.startswith("libavcodec")]
    assert files
    for file in files:
        content = Path(str(file.locate())).read_bytes()
        assert b"--enable-shared" in content
        assert b"--enable-gpl" not in content
        assert b"--enable-nonfree" not in content


def test_the_bill_of_materials_names_every_part_with_its_hash(parts: list[Part]) -> None:
    some = [
        part for part in parts if part.name in ("fastapi", "vue") or part.section in (Section.BUNDLED, Section.DATA)
    ]
    bom = json.loads(cyclonedx(some, "1.2.3"))
    assert bom["metadata"]["component"]["version"] == "1.2.3"
    components = {component["bom-ref"]: component for component in bom["components"]}
    assert len(components) == len(some)
    fastapi = next(component for component in bom["components"] if component["name"] == "fastapi")
    assert fastapi["purl"] == f"pkg:pypi/fastapi@{fastapi['version']}"
    assert {entry["alg"] for entry in fastapi["hashes"]} == {"SHA-256"}
    assert fastapi["licenses"] == [{"license": {"id": "MIT"}}]
    vue = next(component for component in bom["components"] if component["name"] == "vue")
    assert {entry["alg"] for entry in vue["hashes"]} == {"SHA-512"}


@pytest.mark.parametrize(
    ("name", "expression", "found"),
    [
        ("x", "MIT", []),
        ("x", "MIT AND (Apache-2.0 OR BSD-2-Clause)", []),
        ("x", "GPL-3.0-only", ["GPL-3.0-only"]),
        ("x", "MIT OR AGPL-3.0-only", ["AGPL-3.0-only"]),
        ("certifi", "MPL-2.0", []),
        ("x", "MPL-2.0", ["MPL-2.0"]),
        ("FFmpeg", "LGPL-2.1-or-later", []),
        ("FFmpeg", "GPL-2.0-or-later", ["GPL-2.0-or-later"]),
        ("libgfortran", "GPL-3.0-or-later WITH GCC-exception-3.1", []),
    ],
)
def test_what_is_not_agreed_to_is_forbidden(name: str, expression: str, found: list[str]) -> None:
    assert forbidden(name, expression) == found


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "expected"),
    [
        ("MIT", "anything", (), "MIT"),
        (None, "Apache License, Version 2.0", (), "Apache-2.0"),
        (None, "UNKNOWN", ("ISC License (ISCL)",), "ISC"),
        (None, "MIT OR Apache-2.0", (), "MIT OR Apache-2.0"),
    ],
)
def test_how_packages_state_their_licence(
    expression: str | None, text: str | None, classifiers: tuple[str, ...], expected: str
) -> None:
    assert spdx("x", expression, text, classifiers) == expected


def test_a_licence_that_nobody_knows_stops_the_list() -> None:
    with pytest.raises(EnvironmentMissingError, match=r"package x: licence 'Proprietary' .* is not known"):
        spdx("x", None, "Proprietary", ("Other/Proprietary License",))


def test_copyleft_is_shown_in_bold() -> None:
    part = Part(Section.BUNDLED, "FFmpeg", "8", "LGPL-2.1-or-later", "video")
    assert is_copyleft(part.licence)
    assert "| FFmpeg | 8 | **LGPL-2.1-or-later** | video |" in licence_list([part])
