"""`make docs`: builds the site into build/docs, and fails where a link leads nowhere or something foreign is loaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.docs.built import faults
from deploy.docs.pages import Pages

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build"
PAGES: Final = BUILD / "pages"
SITE: Final = BUILD / "docs"


def main() -> int:
    """Stage the pages, build the site, check it; the exit code."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    for path, contents in Pages(ROOT).all():
        file = PAGES / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents)
    configuration = shutil.copy(ROOT / "docs/zensical.toml", BUILD)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(configuration)],
        check=False,
        cwd=BUILD,
    )
    if built.returncode:
        return built.returncode
    found = faults(SITE)
    for fault in found:
        print(fault, file=sys.stderr)  # noqa: T201
    if not found:
        print(f"{SITE / 'index.html'}")  # noqa: T201
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
