"""What the chart starts: commands that there are, settings that are known, and no right that is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deploy.chart.schema import CHART
from deploy.cli.root import build
from deploy.cli.secret_files import with_secret_files
from processors.streaming.timing import Timing
from schemas.settings import ENVIRONMENT_PREFIX, Settings
from schemas.settings import SECRETS as SECRET_FIELDS
from tests.chart.cases import CAMERAS, CASES, LEAST, MODELS, PROMETHEUS
from tests.chart.helm import Helm, Manifest, Values

FIT = {"sink_url": "https://receiver.example/hook?token=x", "sink_secret": f"whsec_{'A' * 32}"}
"""Secrets that have a form of their own."""

APP_VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]


def pods(manifests: list[Manifest]) -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in manifests
        if one["kind"] in {"Deployment", "Job"}
    }


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def environ(container: dict[str, Any]) -> dict[str, str]:
    """Its variables; what comes from a Secret is a word."""
    names = [one["name"] for one in container["env"]]
    assert len(set(names)) == len(names)
    return {one["name"]: one.get("value", "from-a-secret") for one in container["env"]}


@pytest.mark.parametrize("case", CASES)
def test_settings_take_what_they_are_given(helm: Helm, case: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-secret-of-enough-letters")
    secret.chmod(0o440)
    for spec in pods(helm.template(*CASES[case])).values():
        for container in containers(spec):
            given = environ(container)
            for number, field in enumerate(SECRET_FIELDS):
                variable = f"{ENVIRONMENT_PREFIX}{field.upper()}_FILE"
                if variable in given:
                    own = tmp_path / f"secret-{number}"
                    own.write_text(FIT.get(field, f"a-secret-of-enough-letters-{number}"))
                    own.chmod(0o440)
                    given[variable] = str(own)
            settings = Settings.from_environment(with_secret_files(given))
            assert settings.bootstrap_servers == LEAST["kafka"]["bootstrapServers"]
            paths = [value for key, value in given.items() if key.endswith(("_FILE", "_CATALOGUE", "_PASSWORDS"))]
            mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
            for path in paths:
                assert path.startswith((str(tmp_path), *mounts)), path


@pytest.mark.parametrize("case", CASES)
def test_commands_are_the_command_lines_own(helm: Helm, case: str) -> None:
    root = build()
    for spec in pods(helm.template(*CASES[case])).values():
        for container in containers(spec):
            assert container["command"] == ["framebus"]
            words = [word for word in container["args"] if not word.startswith(("-", "/"))][:2]
            answer = CliRunner().invoke(root, [*words, "--help"])
            assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("case", CASES)
def test_no_pod_has_a_right_that_it_does_not_need(helm: Helm, case: str) -> None:
    manifests = helm.template(*CASES[case])
    for spec in pods(manifests).values():
        assert spec["automountServiceAccountToken"] is False
        # A Service called framebus-api would give every pod FRAMEBUS_API_PORT=tcp://….
        assert spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert not [volume for volume in spec["volumes"] if "hostPath" in volume]
        for container in containers(spec):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert "cpu" in container["resources"]["requests"]
    for one in manifests:
        if one["kind"] == "ServiceAccount":
            assert one["automountServiceAccountToken"] is False
        assert one["kind"] not in {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret"}


def test_each_service_has_its_own_kafka_user(helm: Helm) -> None:
    def user(container: dict[str, Any], spec: dict[str, Any]) -> str:
        (name,) = (
            one["valueFrom"]["secretKeyRef"]["name"]
            for one in container["env"]
            if one["name"] == "FRAMEBUS_SASL_USERNAME"
        )
        (mount,) = (one["name"] for one in container["volumeMounts"] if one["mountPath"] == "/etc/framebus/kafka")
        (secret,) = (one["secret"]["secretName"] for one in spec["volumes"] if one["name"] == mount)
        assert secret == name
        return str(name)

    users = {
        f"{name.removeprefix('fb-framebus-')}/{one['name']}": user(one, spec)
        for name, spec in pods(helm.template(*CASES["everything"])).items()
        for one in containers(spec)
    }
    (job,) = {name.partition("/")[0] for name in users if name.startswith("provisioning")}
    assert {name: who for name, who in users.items() if not name.startswith(("inference-f", "inference-o"))} == {
        "inference-pose/worker": "pose-user",
        "capture-default/capture": "kafka-user",
        next(name for name in users if name.startswith("capture-yard-2-")): "yard-user",
        "api/api": "operator-user",
        "sink-doors/sink": "sinks-user",
        next(name for name in users if name.startswith("sink-lab-2-")): "lab-user",
        f"{job}/topics": "admin-user",
        f"{job}/cameras": "operator-user",
    }
    assert users["inference-object-detection/worker"] == "workers-user"


@pytest.mark.parametrize("grace", [1, 20, 30, 90])
def test_a_worker_has_more_time_to_end_than_it_takes(helm: Helm, grace: int) -> None:
    deployments = pods(helm.template(LEAST, MODELS, {"inference": {"graceSeconds": grace}}))
    for name, spec in deployments.items():
        if "-inference-" not in name:
            continue
        (worker,) = spec["containers"]
        timing = Timing.within(float(environ(worker)["FRAMEBUS_GRACE"]))
        assert timing.stop + timing.last_commit + timing.leave <= grace
        assert spec["terminationGracePeriodSeconds"] >= grace + 10


def test_by_default_a_worker_may_finish_what_it_infers(helm: Helm) -> None:
    spec = pods(helm.template(LEAST, MODELS))["fb-framebus-inference-pose"]
    timing = Timing.within(float(environ(spec["containers"][0])["FRAMEBUS_GRACE"]))
    assert timing.stop > timing.infer
    assert spec["terminationGracePeriodSeconds"] > timing.stop + timing.last_commit + timing.leave


def test_a_rollout_takes_no_worker_away_before_there_is_another(helm: Helm) -> None:
    for one in helm.template(LEAST, MODELS):
        if one["kind"] == "Deployment":
            assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
            # With the autoscaler, a number here would set its own back at every upgrade.
            assert ("replicas" in one["spec"]) == ("-inference-" not in one["metadata"]["name"])


def test_without_the_autoscaler_a_model_has_its_least_workers(helm: Helm) -> None:
    models = {"models": [{**MODELS["models"][0], "replicas": {"min": least}} for least in (0,)]}
    (deployment, *_) = (
        one
        for one in helm.template(LEAST, models, {"scaling": {"enabled": False}})
        if one["kind"] == "Deployment" and "-inference-" in one["metadata"]["name"]
    )
    assert deployment["spec"]["replicas"] == 1


def test_models_ask_for_the_devices_that_they_name(helm: Helm) -> None:
    asked = {
        name.rpartition("-")[2]: sorted(set(spec["containers"][0]["resources"]["limits"]) - {"memory"})
        for name, spec in pods(helm.template(*CASES["devices"])).items()
        if "-inference-" in name
    }
    gpu, npu = ["gpu.intel.com/i915"], ["npu.intel.com/accel"]
    assert asked == {"m0": [], "m1": gpu, "m2": gpu, "m3": npu, "m4": gpu, "m5": []}


def test_networks_are_the_images_or_are_fetched(helm: Helm) -> None:
    def mounted(*more: Values) -> str:
        spec = pods(helm.template(LEAST, MODELS, *more))["fb-framebus-inference-pose"]
        (path,) = (one["mountPath"] for one in spec["containers"][0]["volumeMounts"] if one["name"] == "cache")
        return str(path)

    # Over the image's networks only what is compiled; nothing else of a read-only root is written.
    assert mounted() == "/var/cache/framebus/compiled"
    assert mounted({"inference": {"cache": {"kind": "emptyDir"}}}) == "/var/cache/framebus"
    fetched = helm.template(*CASES["networks fetched"])
    assert "fb-framebus-networks" in {one["metadata"]["name"] for one in fetched if one["kind"] == "NetworkPolicy"}


def test_the_networks_way_out_is_dns_and_kafka(helm: Helm) -> None:
    policies = {
        one["metadata"]["name"]: one["spec"]
        for one in helm.template(LEAST, MODELS, CAMERAS, PROMETHEUS)
        if one["kind"] == "NetworkPolicy"
    }
    every = policies.pop("fb-framebus")
    assert every["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in every
    assert [port["port"] for rule in every["egress"] for port in rule["ports"]] == [53, 53, 9092]
    opened = {name: sorted(spec.keys() & {"ingress", "egress"}) for name, spec in policies.items()}
    assert opened == {
        "fb-framebus-metrics": ["ingress"],
        "fb-framebus-api": ["ingress"],
        "fb-framebus-cameras": ["egress"],
    }
    for name, spec in policies.items():
        assert spec["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "fb", name


def test_services_may_have_releases_of_their_own_during_an_upgrade(helm: Helm) -> None:
    def images(*more: Values) -> dict[str, str]:
        return {
            name.removeprefix("fb-framebus-"): one["image"]
            for name, spec in pods(helm.template(LEAST, MODELS, *more)).items()
            for one in containers(spec)
            if not name.startswith("fb-framebus-provisioning")
        }

    assert set(images().values()) == {f"framebus:{APP_VERSION}"}
    pinned = {"image": {"digest": f"sha256:{'1' * 64}", "repository": "registry.example/framebus"}}
    assert set(images(pinned).values()) == {f"registry.example/framebus@sha256:{'1' * 64}"}
    mixed = images({"api": {"imageTag": "0.3.0"}, "inference": {"models": {"pose": {"imageTag": "0.3.0"}}}})
    assert {name for name, image in mixed.items() if image == "framebus:0.3.0"} == {"api", "inference-pose"}
