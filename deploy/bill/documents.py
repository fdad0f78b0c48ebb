"""Writes the parts down: as CycloneDX for machines, as a list of licences for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from deploy.bill.licences import is_copyleft
from deploy.bill.part import Part, Section
from schemas.errors import FramebusError

_HEAD: Final = """\
# Licences

Framebus is Apache-2.0. These are the parts that it is made of, from the locks: `make sbom` writes this list, and the
bill of materials in CycloneDX with every hash, `build/sbom.cdx.json`. A test compares the list with the locks, and each
licence with those allowed in `deploy/bill/licences.py`. **Bold** is copyleft: such parts are used as they come, can be
replaced, and are named there one by one.
"""


def licence_list(parts: Sequence[Part]) -> str:
    """The list as Markdown: a table for each section, of parts in their order."""
    text = _HEAD
    for section, members in groupby(parts, key=lambda part: part.section):
        text += f"\n## {section}\n\n| part | version | licence | why |\n| --- | --- | --- | --- |\n"
        for part in members:
            licence = f"**{part.licence}**" if is_copyleft(part.licence) else part.licence
            text += f"| {part.name} | {part.version} | {licence} | {part.why} |\n"
    return text


def cyclonedx(parts: Sequence[Part], version: str) -> str:
    """The bill of materials as CycloneDX 1.6 in JSON, checked against its schema.

    Raises:
        FramebusError: What came out is not what the schema says.
    """
    # cyclonedx is a library for development, and not there at run time.
    from cyclonedx.contrib.license.factories import LicenseFactory  # noqa: PLC0415
    from cyclonedx.model.bom import Bom  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    bom = Bom()
    licences = LicenseFactory()
    own = licences.make_from_string("Apache-2.0")
    bom.metadata.component = Component(
        name="framebus", version=version, type=ComponentType.APPLICATION, bom_ref="framebus", licenses=[own]
    )
    for part in parts:
        bom.components.add(_component(part))
    bom.register_dependency(bom.metadata.component, bom.components)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise FramebusError(f"bill of materials: {error}; expected CycloneDX 1.6")
    return text


def _component(part: Part) -> object:
    from cyclonedx.contrib.license.factories import LicenseFactory  # noqa: PLC0415
    from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentScope, ComponentType  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    group, _, name = part.name.rpartition(":" if part.kind == "maven" else "/")
    algorithms = {"sha256": HashAlgorithm.SHA_256, "sha512": HashAlgorithm.SHA_512}
    development = part.section in (Section.DEVELOPMENT, Section.PAGE_BUILD)
    return Component(
        name=name,
        group=group or None,
        version=part.version,
        type=ComponentType.DATA if part.section is Section.DATA else ComponentType.LIBRARY,
        bom_ref=f"{part.kind}:{part.section.name.lower()}:{part.name}@{part.version}",
        licenses=[LicenseFactory().make_from_string(part.licence)],
        hashes=[HashType(alg=algorithms[algorithm], content=digest) for algorithm, digest in part.hashes],
        purl=PackageURL(part.kind, group or None, name, part.version) if part.kind != "generic" else None,
        scope=ComponentScope.EXCLUDED if development else ComponentScope.REQUIRED,
        description=part.why,
        properties=[Property(name="framebus:section", value=str(part.section))],
    )
