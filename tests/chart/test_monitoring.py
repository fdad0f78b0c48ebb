"""Rules and dashboards come out of the chart as they lie in its folder, and only where they are asked for."""

from __future__ import annotations

import json

import yaml

from deploy.chart.schema import CHART
from tests.chart.cases import CASES, LEAST, MODELS
from tests.chart.helm import Helm, Manifest

OPERATOR = "monitoring.coreos.com/v1"


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"].removeprefix("fb-framebus-"): one for one in manifests if one["kind"] == kind}


def test_nothing_needs_an_operator_that_may_not_be_there(helm: Helm) -> None:
    assert OPERATOR not in {one["apiVersion"] for one in helm.template(LEAST, MODELS)}
    assert "keda.sh/v1alpha1" not in {one["apiVersion"] for one in helm.template(*CASES["no autoscaler"])}


def test_rules_are_the_files(helm: Helm) -> None:
    rules = of_kind(helm.template(*CASES["everything"]), "PrometheusRule")
    files = {file.stem: yaml.safe_load(file.read_text()) for file in (CHART / "files" / "rules").glob("*.yaml")}
    assert files
    assert {name: one["spec"] for name, one in rules.items()} == files
    assert all(one["metadata"]["labels"]["release"] == "prometheus" for one in rules.values())


def test_dashboards_are_the_files(helm: Helm) -> None:
    dashboards = {
        name.removeprefix("dashboard-"): one
        for name, one in of_kind(helm.template(*CASES["everything"]), "ConfigMap").items()
        if name.startswith("dashboard-")
    }
    files = {file.stem: json.loads(file.read_text()) for file in (CHART / "files" / "dashboards").glob("*.json")}
    assert files
    assert {name: json.loads(one["data"][f"{name}.json"]) for name, one in dashboards.items()} == files
    assert all(one["metadata"]["labels"]["grafana_dashboard"] == "1" for one in dashboards.values())
    assert all(one["metadata"]["annotations"] == {"folder": "Video"} for one in dashboards.values())


def test_every_kind_of_pod_is_scraped_where_it_serves(helm: Helm) -> None:
    manifests = helm.template(*CASES["production"])
    monitors = of_kind(manifests, "PodMonitor").values()
    for deployment in of_kind(manifests, "Deployment").values():
        template = deployment["spec"]["template"]
        (monitor,) = (
            one["spec"]
            for one in monitors
            if one["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        )
        (endpoint,) = monitor["podMetricsEndpoints"]
        (container,) = template["spec"]["containers"]
        assert endpoint["port"] in {port["name"] for port in container["ports"]}
        # The API shows its metrics to those who show a token.
        assert ("authorization" in endpoint) == (container["name"] == "api")


def test_rates_have_two_scrapes_in_their_window(helm: Helm) -> None:
    scaling = yaml.safe_load((CHART / "values.yaml").read_text())["scaling"]
    seconds = int(scaling["prometheus"]["window"].removesuffix("s"))
    for monitor in of_kind(helm.template(*CASES["production"]), "PodMonitor").values():
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert 2 * int(endpoint["interval"].removesuffix("s")) < seconds
