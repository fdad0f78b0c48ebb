"""`python -m deploy.chart` writes the schema of the chart's values anew; a test fails while it is out of date."""

from __future__ import annotations

from deploy.chart.schema import FILE, text


def main() -> None:
    """Write `values.schema.json`."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
