from __future__ import annotations

from pathlib import Path

from tests.unit.deploy.scaling.choice import table

DOCUMENT = Path(__file__).parents[4] / "docs" / "scaling.md"


def test_the_documents_table_of_numbers_is_what_the_simulator_gives() -> None:
    assert table() in DOCUMENT.read_text()
