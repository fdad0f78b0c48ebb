"""The documents say what is there: tests that they name, files that they link to. `tests/documents` has the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


LINKED_TEST = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


@pytest.mark.parametrize("document", ["guarantees.md", "upgrading.md", "contracts.md", "webhooks.md"])
def test_every_test_that_is_named_is_in_the_file_that_its_link_leads_to(document: str) -> None:
    text = (ROOT / "docs" / document).read_text()
    linked = LINKED_TEST.findall(text)
    assert {name for name, _ in linked} == set(re.findall(r"`(test_\w+)`", text)), "a test without a link"
    assert linked
    for name, path in linked:
        assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{name} in {path}"


def test_every_promise_names_a_test_that_shows_it() -> None:
    text = (ROOT / "docs/guarantees.md").read_text()
    _, _, table = text.partition("| promise | rests on | shown by |\n| --- | --- | --- |\n")
    rows = table.partition("\n\n")[0].splitlines()
    assert len(rows) > 30
    assert [row for row in rows if not LINKED_TEST.search(row)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert not missing
