"""`python -m deploy.reference` writes `docs/reference` anew; a test fails while it is out of date."""

from __future__ import annotations

from deploy.reference.pages import FOLDER, pages


def main() -> None:
    """Write every page, and remove what is none."""
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for file in FOLDER.glob("*.md"):
        if file.name not in written:
            file.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
