"""Writes `docs/licences.md` and `build/sbom.cdx.json`: `make sbom`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from deploy.bill.documents import cyclonedx, licence_list
from deploy.bill.gather import gather

ROOT: Final = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    parts = gather(ROOT)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    (ROOT / "docs/licences.md").write_text(licence_list(parts))
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/sbom.cdx.json").write_text(cyclonedx(parts, version))
