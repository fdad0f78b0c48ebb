"""How models scale is what the rule says, in words that KEDA knows and of metrics that exist."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.chart.schema import CHART
from deploy.scaling.autoscaler import Behaviour, Policy, PolicyType, Rules, Select
from deploy.scaling.rule import (
    ACTIVATION_LAG,
    ACTIVATION_RATE,
    TARGET_LAG_S,
    UTILISATION,
    Thresholds,
    max_replicas,
)
from deploy.scaling.rules import CHART as CHART_BEHAVIOUR
from deploy.scaling.rules import LAG_ALONE, Parameters
from schemas.catalogue.model import Model
from schemas.names import Metric, Names
from schemas.settings import Settings
from tests.chart.cases import CASES, LEAST, MODELS, OWN, PROMETHEUS
from tests.chart.excerpts import KEDA
from tests.chart.helm import Helm, Manifest, Values
from tests.chart.validating import secret_parameters, trigger_faults
from tests.cluster.binaries import TOOLS

COUNTED: Final = frozenset({Metric.DELIVERED, Metric.CROPS, Metric.PROCESSED})
NAMES: Final = Names()


def scaled(helm: Helm, *values: Values | Path) -> dict[str, Manifest]:
    """ScaledObjects by the model that they are for."""
    return {
        one["metadata"]["labels"]["framebus/model"]: one["spec"]
        for one in helm.template(*values)
        if one["kind"] == "ScaledObject"
    }


def triggers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trigger["name"]: trigger for trigger in spec["triggers"]}


def read(values: tuple[Values | Path, ...]) -> list[dict[str, Any]]:
    """The entries of a case."""
    return next((one["models"] for one in reversed(values) if not isinstance(one, Path) and "models" in one), [])


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_the_rules(helm: Helm, case: str) -> None:
    for entry in read(CASES[case]):
        spec = scaled(helm, *CASES[case]).get(entry["name"])
        if spec is None:
            assert case in {"no autoscaler", "a site's cameras only"}
            continue
        target = 1.5 if (case, entry["name"]) == ("everything", "pose") else TARGET_LAG_S
        wanted = Thresholds.of(entry["fps"], target_lag_s=target, utilisation=UTILISATION)
        lag = triggers(spec)["lag"]["metadata"]
        assert (int(lag["lagThreshold"]), int(lag["activationLagThreshold"])) == (wanted.lag, wanted.activation_lag)
        if "rate" in triggers(spec):
            rate = triggers(spec)["rate"]["metadata"]
            assert float(rate["threshold"]) == pytest.approx(wanted.rate, rel=1e-12)
            assert float(rate["activationThreshold"]) == pytest.approx(wanted.activation_rate, rel=1e-12)
        assert spec["minReplicaCount"] == entry["replicas"]["min"]
        assert spec["maxReplicaCount"] == max_replicas(entry["partitions"], entry["replicas"].get("max"))


def test_the_defaults_are_the_rules() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())["scaling"]
    assert values["targetLagSeconds"] == TARGET_LAG_S
    assert values["rateUtilisation"] == UTILISATION
    assert values["activationLag"] == ACTIVATION_LAG
    assert values["activationRate"] == ACTIVATION_RATE


def behaviour(spec: dict[str, Any]) -> Behaviour:
    """A ScaledObject's behaviour as the simulator has one."""

    def rules(direction: dict[str, Any]) -> Rules:
        policies = [
            Policy(PolicyType(one["type"]), one["value"], one["periodSeconds"]) for one in direction["policies"]
        ]
        return Rules(
            direction["stabilizationWindowSeconds"], tuple(policies), select=Select[direction["selectPolicy"].upper()]
        )

    given = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    return Behaviour(up=rules(given["scaleUp"]), down=rules(given["scaleDown"]))


def test_the_autoscaler_behaves_as_the_simulated_one(helm: Helm) -> None:
    for spec in scaled(helm, LEAST, MODELS, PROMETHEUS).values():
        assert behaviour(spec) == CHART_BEHAVIOUR
        assert spec["pollingInterval"] == Parameters().polling_s
        assert spec["cooldownPeriod"] == Parameters().cooldown_s
        assert f"[{Parameters().range_s:g}s]" in triggers(spec)["rate"]["metadata"]["query"]
    for spec in scaled(helm, LEAST, MODELS).values():
        assert behaviour(spec) == LAG_ALONE


@pytest.mark.parametrize("case", CASES)
def test_keda_knows_every_key(helm: Helm, case: str) -> None:
    for spec in scaled(helm, *CASES[case]).values():
        assert not [fault for trigger in spec["triggers"] for fault in trigger_faults(trigger)]
        assert len(triggers(spec)) == len(spec["triggers"])


def test_the_excerpts_are_of_the_keda_that_the_cluster_test_runs() -> None:
    assert TOOLS["keda-operator"].version == KEDA


def test_a_misspelt_key_is_found(helm: Helm) -> None:
    (spec, *_) = scaled(helm, *CASES["everything"]).values()
    for trigger in spec["triggers"]:
        for key in trigger["metadata"]:
            wrong = deepcopy(trigger)
            misspelt = key[0] + key[2:]
            wrong["metadata"][misspelt] = wrong["metadata"].pop(key)
            assert any(misspelt in fault for fault in trigger_faults(wrong)), key
    (kafka, *_) = spec["triggers"]
    kafka["metadata"]["offsetResetPolicy"] = "newest"
    assert any("newest" in fault for fault in trigger_faults(kafka))
    kafka["metadata"]["lagThreshold"] = 10
    assert any("lagThreshold: 10 is no text" in fault for fault in trigger_faults(kafka))


def test_each_trigger_looks_at_its_own_model(helm: Helm) -> None:
    for name, spec in scaled(helm, *CASES["everything"]).items():
        deployment = spec["scaleTargetRef"]["name"]
        assert name in deployment
        lag, rate, ratio = (triggers(spec)[kind] for kind in ("lag", "rate", "ratio"))
        assert lag["metadata"]["topic"] == NAMES.frames(name)
        assert lag["metadata"]["consumerGroup"] == NAMES.inference_group(name)
        assert lag["metadata"]["offsetResetPolicy"] == "earliest"
        # Lag that stands still is real here, and the cap at the partitions is wanted: maxReplicaCount says it too.
        assert not {"excludePersistentLag", "allowIdleConsumers", "partitionLimitation"} & lag["metadata"].keys()
        assert f'"{name}"' in rate["metadata"]["query"]
        assert ratio["metadata"]["query"].count(f'model="{name}"') == 2
        # As an average a ratio would be divided by the replicas that it is to multiply.
        assert [one["metricType"] for one in (lag, rate, ratio)] == ["AverageValue", "AverageValue", "Value"]
        assert {one["metadata"].get("ignoreNullValues") for one in (rate, ratio)} == {"false"}


def test_a_second_stages_arrivals_are_its_crops(helm: Helm) -> None:
    specs = scaled(helm, LEAST, MODELS, PROMETHEUS)
    for entry in MODELS["models"]:
        query = triggers(specs[entry["name"]])["rate"]["metadata"]["query"]
        follows = "follows" in entry
        assert query.startswith(
            f'sum(rate({Metric.CROPS}_total{{follower="{entry["name"]}",fate="delivered"}}[30s]))'
            if follows
            else f'sum(rate({Metric.DELIVERED}_total{{model="{entry["name"]}"}}[30s]))'
        )


def test_queries_are_of_metrics_that_exist(helm: Helm) -> None:
    known = {value for name, value in vars(Metric).items() if name.isupper()}
    seen = set()
    for values in CASES.values():
        for spec in scaled(helm, *values).values():
            for trigger in spec["triggers"]:
                query = trigger["metadata"].get("query", "")
                for name in re.findall(r"framebus_[a-z_]+", query):
                    assert name.removesuffix("_total") in known
                    # The client adds `_total` to counters, and to them only.
                    assert name.endswith("_total") == (name.removesuffix("_total") in COUNTED)
                    seen.add(name.removesuffix("_total"))
    assert seen == {*COUNTED, Metric.BUILD_INFO}


def test_further_labels_are_in_every_selector_of_a_query(helm: Helm) -> None:
    for spec in scaled(helm, *CASES["everything"]).values():
        for kind in ("rate", "ratio"):
            query = triggers(spec)[kind]["metadata"]["query"]
            assert len(re.findall(r"framebus_\w+\{", query)) == query.count('cluster="a\\"b",namespace="video"}')


def test_a_lost_trigger_holds_what_is_there_and_ends_no_worker(helm: Helm) -> None:
    for name, spec in scaled(helm, *CASES["from zero"]).items():
        assert spec["fallback"] == {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicasIfHigher"}
        assert spec["minReplicaCount"] == (0 if name == "slow" else 1)


def test_lag_alone_goes_down_slowly(helm: Helm) -> None:
    def down(*more: Values) -> int:
        (spec, *_) = scaled(helm, LEAST, MODELS, *more).values()
        window = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"][
            "stabilizationWindowSeconds"
        ]
        assert isinstance(window, int)
        return window

    assert down() > down(PROMETHEUS)
    assert "rate" not in triggers(next(iter(scaled(helm, LEAST, MODELS).values())))


def test_secrets_are_given_by_names_that_keda_knows(helm: Helm) -> None:
    given = {
        one["metadata"]["name"].removeprefix("fb-framebus-"): one["spec"]["secretTargetRef"]
        for one in helm.template(*CASES["everything"])
        if one["kind"] == "TriggerAuthentication"
    }
    for kind, references in given.items():
        assert {one["parameter"] for one in references} <= secret_parameters(kind)
    assert {one["parameter"] for one in given["kafka"]} == {"username", "password", "ca", "cert", "key"}
    assert {one["name"] for one in given["kafka"]} == {"keda-user", "kafka-ca", "kafka-client"}
    assert {one["name"] for one in given["prometheus"]} == {OWN["scaling"]["prometheus"]["secretName"]}


@pytest.mark.parametrize(
    ("mechanism", "theirs"),
    [("PLAIN", "plaintext"), ("SCRAM-SHA-256", "scram_sha256"), ("SCRAM-SHA-512", "scram_sha512")],
)
def test_keda_signs_in_as_services_do(helm: Helm, mechanism: str, theirs: str) -> None:
    user = {"kafka": {"sasl": {"enabled": True, "secretName": "user", "mechanism": mechanism}}}
    for spec in scaled(helm, LEAST, MODELS, user).values():
        assert triggers(spec)["lag"]["metadata"]["sasl"] == theirs
        assert "tls" not in triggers(spec)["lag"]["metadata"]


def test_an_entry_that_says_less_scales_as_the_catalogue_fills_it_in(helm: Helm) -> None:
    """Partitions, fps and replicas of an entry without them: the chart has the catalogue's defaults too."""
    entry = {key: value for key, value in MODELS["models"][0].items() if key not in {"partitions", "replicas", "fps"}}
    default = {name: Model.model_fields[name].default for name in ("partitions", "fps", "replicas")}
    (spec,) = scaled(helm, LEAST, PROMETHEUS, {"models": [entry]}).values()
    wanted = Thresholds.of(default["fps"])
    assert triggers(spec)["lag"]["metadata"]["lagThreshold"] == str(wanted.lag)
    assert float(triggers(spec)["rate"]["metadata"]["threshold"]) == wanted.rate
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (default["replicas"].min, default["partitions"])


def test_the_prefix_is_in_topics_and_groups(helm: Helm) -> None:
    names = Names("edge.")
    for name, spec in scaled(helm, LEAST, MODELS, {"kafka": {"prefix": "edge."}}).items():
        lag = triggers(spec)["lag"]["metadata"]
        assert (lag["topic"], lag["consumerGroup"]) == (names.frames(name), names.inference_group(name))
    assert Settings.model_fields["prefix"].default == NAMES.prefix
