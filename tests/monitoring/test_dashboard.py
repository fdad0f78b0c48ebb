"""The Grafana dashboard: each query asks for what exists, and what exists is shown somewhere."""

from __future__ import annotations

import re

import pytest

from tests.monitoring.dashboard import CONTENT, PANELS, VARIABLES, label_values, queries
from tests.monitoring.exposed import FOREIGN, exposed, series
from tests.monitoring.promql import metrics_in
from tests.monitoring.test_rules import ALERTS, RECORDS


@pytest.mark.parametrize(("title", "expression"), list(queries()))
def test_every_metric_of_a_query_exists(title: str, expression: str) -> None:
    used = metrics_in(expression)
    assert used, title
    assert used <= series() | FOREIGN.keys() | RECORDS.keys()


def test_a_misspelt_metric_would_be_found() -> None:
    used = metrics_in('sum by (model) (rate(framebus_frame_total{model="framebus_x"}[5m] offset 1m)) or vector(0)')
    assert used == {"framebus_frame_total"}
    assert not used <= series()


def test_every_variable_of_a_query_exists_and_takes_its_values_from_what_exists() -> None:
    used = set(re.findall(r"\$(\w+)", " ".join(expression for _, expression in queries())))
    assert used == {"model", "camera"}
    assert VARIABLES.keys() == used | {"datasource"}
    for name in used:
        selector, label = label_values(name)
        assert label == name
        assert metrics_in(selector) <= series()


def test_every_query_goes_to_the_chosen_source() -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert all(panel["datasource"] == chosen for panel in PANELS)
    assert all(target["datasource"] == chosen for panel in PANELS for target in panel["targets"])


def test_panels_do_not_overlap_and_have_their_own_ids() -> None:
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in CONTENT["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    ids = [panel["id"] for panel in CONTENT["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_metric_of_ours_is_shown_or_alerts_and_no_foreign_one_is_listed_in_vain() -> None:
    rules = " ".join(rule["expr"] for rule in (*ALERTS.values(), *RECORDS.values()))
    used = set().union(*(metrics_in(expression) for expression in (rules, *(query for _, query in queries()))))
    assert [metric.name for metric in exposed() if not metric.series & used] == []
    assert used >= FOREIGN.keys()
