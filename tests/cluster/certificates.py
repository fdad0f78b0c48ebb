"""One authority for the whole cluster, and the certificates that it gives: to servers, and to who connects to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

ADMINISTRATORS: Final = "system:masters"
"""The group that may do everything, whatever the rules say."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority whose files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ca = trustme.CA()
        self.certificate: Final = folder / "ca.crt"
        self._ca.cert_pem.write_to_path(str(self.certificate))

    def issue(self, name: str, *hosts: str, group: str | None = None) -> Certificate:
        """A certificate for `hosts` that calls its holder `name` and puts them into `group`."""
        # Go refuses a certificate that is for no host at all: its empty list of hosts is marked as critical.
        leaf = self._ca.issue_cert(name, *hosts, common_name=name, organization_name=group)
        files = Certificate(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        files.certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(files.key))
        return files
