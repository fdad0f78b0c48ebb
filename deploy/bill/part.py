"""One part of what Framebus is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Section(StrEnum):
    """Where a part belongs; the value is its heading."""

    RUNTIME = "Python, at run time"
    DEVELOPMENT = "Python, for development and tests"
    KAFKA = "Jars of the embedded Kafka"
    PAGE = "The live page"
    PAGE_BUILD = "Tools that build the page"
    DATA = "Networks and sample videos, fetched and not redistributed"
    BUNDLED = "Native libraries inside the Python packages"


@dataclass(frozen=True, slots=True)
class Part:
    """`licence` is an SPDX expression; `hashes` are (algorithm, hex); `why` says what it is for, or who needs it."""

    section: Section
    name: str
    version: str
    licence: str
    why: str
    kind: str = "generic"
    """The type of its package URL: pypi, maven, npm."""
    hashes: tuple[tuple[str, str], ...] = ()
