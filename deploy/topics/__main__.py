"""`python -m deploy.topics` writes the AsyncAPI document anew; a test fails while it is out of date."""

from __future__ import annotations

from deploy.topics.asyncapi import FILE, text


def main() -> None:
    """Write `schemas/asyncapi.yaml`."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
