"""The documents say what is there: tests that they name, files that they link to, verbs that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.cli.root import VERBS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_every_test_that_a_guarantee_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/guarantees.md").read_text()))
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    written = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    assert named
    assert named <= written


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_verb_that_is_shown_exists(document: Path) -> None:
    shown = re.findall(r"^ {4}(?:.*&& )?framebus ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert set(shown) <= set(VERBS)
