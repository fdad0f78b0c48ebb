"""Values: what the chart does not know is refused by name, and its schema is what the types say."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.chart.schema import CHART, FILE, text
from deploy.chart.values import Values as Typed
from deploy.topics.plan import plan
from schemas.catalogue import Catalogue
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.parse import parse_entries
from schemas.messages import Camera
from schemas.settings import Settings
from tests.chart.cases import CAMERAS, CASES, LEAST, MODELS, PRODUCTION, SECRETS
from tests.chart.helm import Helm, HelmError, Manifest, Values

DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


def config(manifests: list[Manifest], ending: str) -> dict[str, str]:
    (found,) = (
        one["data"] for one in manifests if one["kind"] == "ConfigMap" and one["metadata"]["name"].endswith(ending)
    )
    assert isinstance(found, dict)
    return found


def test_the_schema_is_written_from_the_types() -> None:
    assert FILE.read_text() == text(), "python -m deploy.chart"
    Draft202012Validator.check_schema(yaml.safe_load(text()))


def test_every_value_has_a_default() -> None:
    Typed.model_validate({**DEFAULTS, "global": {}, "capture": {**DEFAULTS["capture"], "sites": {}}})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"scaling": {"targetLagSecond": 3}}, "'targetLagSecond' not allowed"),
        ({"model": []}, "'model' not allowed"),
        ({"models": [{**MODELS["models"][0], "partition": 3}]}, "'partition' not allowed"),
        ({"models": [{"name": "a"}]}, "missing properties 'family'"),
        ({"models": [{**MODELS["models"][0], "name": "A b"}]}, "'A b' does not match pattern"),
        ({"cameras": [{"id": "door", "source": "0", "models": ["pose"], "frames": 3}]}, "'frames' not allowed"),
        ({"cameras": [{"id": "door", "source": "0", "models": ["pose"], "fps": 0}]}, "/cameras/0/fps"),
        ({"inference": {"models": {"pose": {"resource": {}}}}}, "'resource' not allowed"),
        ({"capture": {"sites": {"yard": {"sourceTls": "no"}}}}, "/capture/sites/yard/sourceTls"),
        ({"scaling": {"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 1}]}}}}, "'periodSeconds'"),
        ({"kafka": {"bootstrapServers": "kafka"}}, "'kafka' does not match pattern"),
        ({"kafka": {"sasl": {"mechanism": "GSSAPI"}}}, "/kafka/sasl/mechanism"),
        ({"image": {"digest": "sha256:12"}}, "/image/digest"),
        ({"monitoring": {"rule": {}}}, "'rule' not allowed"),
    ],
)
def test_what_is_misspelt_is_named(helm: Helm, values: Values, said: str) -> None:
    for call in (helm.lint, helm.template):
        with pytest.raises(HelmError) as error:
            call(LEAST, MODELS, values)
        assert said in str(error.value)


def twice() -> Values:
    return {"models": [MODELS["models"][0]] * 2}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kafka": {"bootstrapServers": ""}}, "kafka.bootstrapServers: expected HOST:PORT"),
        ({"api": {"tokens": {"secretName": ""}}}, "api.tokens.secretName: expected a Secret"),
        ({"kafka": {"sasl": {"enabled": True}}}, "kafka.sasl.secretName: expected a Secret"),
        ({"inference": {"models": {"poze": {}}}}, "inference.models.poze: expected one of models: face-detection"),
        ({"scaling": {"models": {"poze": {}}}}, "scaling.models.poze: expected one of models"),
        ({"inference": {"cache": {"kind": "claim"}}}, "inference.cache.claimName: expected a PersistentVolumeClaim"),
        ({"sink": {"targets": {"a": {"models": ["pose"]}}}}, "sink.targets.a.secretName: expected a Secret"),
        ({"sink": {"targets": {"a": {"secretName": "a"}}}}, "sink.targets.a.models: expected models"),
        (
            {"sink": {"targets": {"a": {"secretName": "a", "models": ["poze"]}}}},
            "sink.targets.a.models: poze: expected one of models",
        ),
        (twice(), "models: object-detection is there twice"),
        (
            {"models": [{**MODELS["models"][0], "replicas": {"min": 1, "max": 13}}]},
            "models: object-detection: replicas 1 to 13: expected min <= max <= partitions, which is 12",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(helm: Helm, values: Values, said: str) -> None:
    with pytest.raises(HelmError) as error:
        helm.template(LEAST, MODELS, values)
    assert said in str(error.value)


@pytest.mark.parametrize("case", CASES)
def test_processes_get_the_entries_that_were_given(helm: Helm, case: str) -> None:
    """Helm's YAML, read by those who will read it: no number, label or sum has become another."""
    given = [one["models"] for one in CASES[case] if isinstance(one, dict) and "models" in one]
    written = config(helm.template(*CASES[case]), "-catalogue")["catalogue.yaml"].encode()
    read = parse_entries(written, PurePath("/etc/framebus/catalogue/catalogue.yaml"), BUILTIN)
    expected = parse_entries(
        yaml.safe_dump({"models": given[-1] if given else []}).encode(), PurePath("/etc/x/x.yaml"), BUILTIN
    )
    assert read == expected


def test_the_builtin_catalogue_comes_through_unchanged(helm: Helm) -> None:
    written = config(helm.template(LEAST, MODELS), "-catalogue")["catalogue.yaml"].encode()
    assert parse_entries(written, PurePath("/catalogue.yaml"), BUILTIN) == BUILTIN


def test_cameras_come_through_unchanged(helm: Helm) -> None:
    written = yaml.safe_load(config(helm.template(LEAST, MODELS, CAMERAS), "-cameras")["cameras.yaml"])
    cameras = [Camera.model_validate(one) for one in written["cameras"]]
    assert cameras == [Camera.model_validate(one) for one in CAMERAS["cameras"]]


def test_production_keeps_each_record_on_two_brokers_at_least(helm: Helm) -> None:
    (job,) = (one for one in helm.template(LEAST, MODELS, SECRETS, PRODUCTION) if one["kind"] == "Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    environ: dict[str, Any] = {one["name"]: one.get("value") for one in container["env"]}
    settings = Settings(replication_factor=int(environ["FRAMEBUS_REPLICATION_FACTOR"]))
    for topic in plan(settings, Catalogue()):
        assert (topic.replication_factor, topic.config["min.insync.replicas"]) == (3, "2")


def test_the_version_is_that_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (CHART.parents[2] / "pyproject.toml").read_text()
    assert f'version = "{chart["appVersion"]}"' in project
    # As semantic versions write what Python writes as 0.2.0.dev0.
    assert chart["version"].replace("-dev.", ".dev") == chart["appVersion"]


def test_the_notes_say_what_is_missing(helm: Helm) -> None:
    bare = helm.notes(LEAST)
    assert "There are no models" in bare
    assert "models scale on lag alone" in bare
    whole = helm.notes(*CASES["everything"])
    assert "There are no models" not in whole
    assert "on lag alone" not in whole
    assert f"{len(BUILTIN)} models, 2 cameras" in whole
