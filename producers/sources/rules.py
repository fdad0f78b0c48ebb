"""What sources may name and lead to: the settings' rules, as one value that is handed to every source."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from schemas.addresses import AddressRule
from schemas.settings import ROOT_SEPARATOR, Settings

Resolve = Callable[..., list[Any]]
"""A function with the form of `socket.getaddrinfo`."""


@dataclass(frozen=True, slots=True)
class SourceRules:
    """Addresses, folders for files (none: no file), passwords' folder, and what certificates are good for."""

    addresses: AddressRule = field(default_factory=AddressRule)
    roots: tuple[Path, ...] = ()
    passwords: Path | None = None
    ca_file: Path | None = None
    verify: bool = True
    resolve: Resolve = socket.getaddrinfo

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The rules that the settings state."""
        roots = settings.source_roots.split(ROOT_SEPARATOR) if settings.source_roots else ()
        return cls(
            addresses=AddressRule.parse(settings.source_addresses),
            roots=tuple(Path(root) for root in roots),
            passwords=settings.camera_passwords,
            ca_file=settings.source_ca_file,
            verify=settings.source_tls == "verify",
        )
