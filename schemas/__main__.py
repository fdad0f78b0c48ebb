"""`python -m schemas` writes the contract files anew; a test fails while they are out of date."""

from __future__ import annotations

from pathlib import Path

from schemas.contract import files


def main() -> None:
    """Write `schemas/json` and `schemas/examples`."""
    root = Path(__file__).parent
    for name, text in files().items():
        (root / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
