"""What the chart renders, for values of many kinds, is what Kubernetes and the custom resources take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chart.cases import CASES, LEAST, MODELS, ODD
from tests.chart.helm import Helm, Manifest
from tests.chart.validating import CUSTOM, faults

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LONG_RELEASE = "a-release-whose-name-has-all-of-the-53-letters-helm-x"


def test_the_matrix_has_each_custom_resource_and_names_of_every_kind(helm: Helm) -> None:
    kinds = {manifest["kind"] for values in CASES.values() for manifest in helm.template(*values)}
    assert set(CUSTOM) <= kinds
    assert {"Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "ConfigMap", "Service"} <= kinds
    assert len(LONG_RELEASE) == 53


@pytest.mark.parametrize("release", ["fb", LONG_RELEASE])
@pytest.mark.parametrize("case", CASES)
def test_every_manifest_is_one_that_is_taken(helm: Helm, case: str, release: str) -> None:
    manifests = helm.template(*CASES[case], release=release)
    assert manifests
    found = [f"{one['kind']} {one['metadata']['name']}: {fault}" for one in manifests for fault in faults(one)]
    assert not found, "\n".join(found)
    names = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(set(names)) == len(names)
    for kind, name in names:
        # 52: KEDA makes a label of keda-hpa- and the name of a ScaledObject.
        assert LABEL.fullmatch(name), f"{kind} {name}"
        assert len(name) <= (52 if kind in {"ScaledObject", "Deployment", "Job"} else 63), f"{kind} {name}"
    for one in manifests:
        for key, value in _labels(one):
            assert isinstance(value, str), f"{key}: {value!r}"
            assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", value), f"{key}: {value}"


@pytest.mark.parametrize("case", CASES)
def test_lint_finds_nothing(helm: Helm, case: str) -> None:
    helm.lint(*CASES[case])


def test_lint_finds_nothing_where_nothing_is_given_yet(helm: Helm) -> None:
    helm.lint()


def test_a_misspelt_field_is_found() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"selektor": {}}}
    assert any("selektor" in fault for fault in faults(service))
    scaled: Manifest = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "a"},
        "spec": {"scaleTargetRef": {"name": "a"}, "triggers": [], "maxReplicas": 3},
    }
    assert any("maxReplicas" in fault for fault in faults(scaled))
    del scaled["spec"]["maxReplicas"]
    scaled["spec"]["triggers"] = [{"type": "kafka", "metadata": {}}]
    assert not faults(scaled)


def test_each_selector_selects_the_pods_of_one_deployment(helm: Helm) -> None:
    for values in CASES.values():
        deployments = [one for one in helm.template(*values) if one["kind"] == "Deployment"]
        for one in deployments:
            selector = one["spec"]["selector"]["matchLabels"]
            chosen = [
                other["metadata"]["name"]
                for other in deployments
                if selector.items() <= other["spec"]["template"]["metadata"]["labels"].items()
            ]
            assert chosen == [one["metadata"]["name"]]


def test_what_pods_name_is_there(helm: Helm) -> None:
    """ConfigMaps and ServiceAccounts of ours; each Secret that is named was given."""
    for values in CASES.values():
        manifests = helm.template(*values)
        ours = {(one["kind"], one["metadata"]["name"]) for one in manifests}
        for spec in _pods(manifests):
            assert ("ServiceAccount", spec["serviceAccountName"]) in ours
            mounted = {mount["name"] for one in _containers(spec) for mount in one["volumeMounts"]}
            assert mounted == {volume["name"] for volume in spec["volumes"]}
            for volume in spec["volumes"]:
                if "configMap" in volume and volume["name"] != "own":
                    assert ("ConfigMap", volume["configMap"]["name"]) in ours
                if "secret" in volume:
                    assert volume["secret"]["secretName"]


def test_a_job_has_another_name_when_it_has_another_thing_to_do(helm: Helm) -> None:
    def name(*more: dict[str, Any]) -> str:
        (job,) = (one for one in helm.template(LEAST, MODELS, *more) if one["kind"] == "Job")
        return str(job["metadata"]["name"])

    camera = {"id": "door", "source": "0", "models": ["object-detection"]}
    names = [
        name(),
        name({"kafka": {"replicationFactor": 3}}),
        name({"cameras": [camera]}),
        name({"cameras": [camera | {"fps": 3}]}),
        name({"image": {"tag": "1.0"}}),
    ]
    assert len(set(names)) == len(names)
    assert name() == names[0]
    assert name({"scaling": {"pollingInterval": 3}}) == names[0]


def test_a_worker_is_started_anew_for_its_own_entry_only(helm: Helm) -> None:
    def annotations(**changes: object) -> dict[str, str]:
        models = [dict(entry) for entry in MODELS["models"]]
        next(entry for entry in models if entry["name"] == "pose").update(changes)
        return {
            one["metadata"]["name"]: one["spec"]["template"]["metadata"]["annotations"]["checksum/entries"]
            for one in helm.template(LEAST, {"models": models})
            if one["kind"] == "Deployment"
        }

    before = annotations()
    assert annotations(fps=3.0, replicas={"min": 2}) == before
    after = annotations(frame_width=640)
    changed = {name.removeprefix("fb-framebus-") for name in before if before[name] != after[name]}
    # Capture sizes its frames, the API shows the catalogue, and the leader makes the crops.
    assert changed == {"inference-pose", "inference-object-detection", "capture-default", "api"}


def test_odd_names_stay_different(helm: Helm) -> None:
    deployments = {
        one["metadata"]["labels"]["framebus/model"]: one["metadata"]["name"]
        for one in helm.template(*CASES["odd names"])
        if one["kind"] == "Deployment" and "framebus/model" in one["metadata"]["labels"]
    }
    assert set(deployments) == set(ODD)
    assert len(set(deployments.values())) == len(ODD)
    assert deployments["a-b"] == "fb-framebus-inference-a-b"


def _labels(manifest: Manifest) -> Iterator[tuple[str, Any]]:
    yield from manifest["metadata"]["labels"].items()
    template = manifest.get("spec", {}).get("template", {}) if manifest["kind"] in {"Deployment", "Job"} else {}
    yield from template.get("metadata", {}).get("labels", {}).items()


def _pods(manifests: list[Manifest]) -> list[dict[str, Any]]:
    return [one["spec"]["template"]["spec"] for one in manifests if one["kind"] in {"Deployment", "Job"}]


def _containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec.get("initContainers", []), *spec["containers"]]
