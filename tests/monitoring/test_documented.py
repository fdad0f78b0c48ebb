"""docs/observability.md has every metric, every rule and every runbook, as the code and the rules have them."""

from __future__ import annotations

import re

import pytest

from tests.monitoring.exposed import FOREIGN, exposed
from tests.monitoring.test_rules import ALERTS, RECORDS, ROOT

TEXT = (ROOT / "docs" / "observability.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that follows a heading, without the table's own head."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[2:]]


def test_the_table_of_metrics_says_what_the_code_says() -> None:
    expected = [
        [f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels) or "–", one.service, one.help]
        for one in exposed()
    ]
    assert rows("Metrics") == expected


def test_every_recording_is_explained() -> None:
    assert [row[0].strip("`") for row in rows("Recording rules")] == list(RECORDS)


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_runbook_of_its_own(name: str) -> None:
    found = re.findall(rf"^### {name}\n\n(.+?)(?=\n#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    assert len(found[0].split()) > 20, "a runbook says what it means and what to do"
    severity = ALERTS[name]["labels"]["severity"]
    assert found[0].startswith(f"*{severity}*, after {ALERTS[name]['for']}. ")


def test_there_is_no_runbook_without_an_alert() -> None:
    assert re.findall(r"^### (Framebus\w+)$", TEXT, re.MULTILINE) == list(ALERTS)


def test_every_foreign_metric_is_named_with_whose_it_is() -> None:
    for name, whose in FOREIGN.items():
        assert re.search(rf"`{name}`", TEXT), name
        assert whose in TEXT
