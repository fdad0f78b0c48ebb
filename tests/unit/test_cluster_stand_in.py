"""The kubelet stand-in of the cluster test: what it makes of a container, and how a Pod's process lives and ends."""

from __future__ import annotations

import signal
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.containers import ContainerError, Image, Objects, Prepared, Sandbox, prepare
from tests.cluster.kubernetes import Object
from tests.cluster.pod import Exit, Pod
from tests.integration.streaming_kit import wait_until

IMAGE = Image(("/venv/bin/framebus",), {"PATH": "/venv/bin", "LEVEL": "image"})
OBJECTS = {
    "/api/v1/namespaces/video/secrets/kafka": {"data": {"password": b64encode(b"s3cret").decode()}},
    "/api/v1/namespaces/video/configmaps/catalogue": {"data": {"catalogue.yaml": "models: []"}},
}


class Stored(Objects):
    """The objects of a cluster that has just these."""

    def find(self, path: str) -> Object | None:
        return OBJECTS.get(path)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path / "pod", "127.64.0.9")


def pod_of(container: Object, **spec: Any) -> Object:
    metadata = {"name": "worker-1", "namespace": "video", "labels": {"framebus/model": "pose"}}
    return {"metadata": metadata, "spec": {"containers": [container], **spec}}


def prepared(sandbox: Sandbox, container: Object, **spec: Any) -> Prepared:
    return prepare(Stored(), pod_of(container, **spec), container, IMAGE, sandbox)


def test_variables_are_resolved_as_a_kubelet_does(sandbox: Sandbox) -> None:
    key = {"secretKeyRef": {"name": "kafka", "key": "password"}}
    environ = [
        {"name": "LEVEL", "value": "pod"},
        {"name": "PASSWORD", "valueFrom": key},
        {"name": "URL", "value": "kafka:$(PASSWORD)@$(UNKNOWN)"},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "MODEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['framebus/model']"}}},
        {"name": "HOST", "value": "0.0.0.0"},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "none", "key": "a", "optional": True}}},
    ]
    found = prepared(sandbox, {"name": "worker", "args": ["run", "$(LEVEL)"], "env": environ})
    assert found.command == ("/venv/bin/framebus", "run", "pod")
    assert found.environ == {
        "PATH": "/venv/bin",
        "HOME": str(sandbox.folder),
        "LEVEL": "pod",
        "PASSWORD": "s3cret",
        "URL": "kafka:s3cret@$(UNKNOWN)",
        "IP": "127.64.0.9",
        "NAME": "worker-1",
        "MODEL": "pose",
        "HOST": "127.64.0.9",
    }


def test_volumes_are_folders_and_paths_into_them_lead_there(sandbox: Sandbox) -> None:
    container = {
        "name": "worker",
        "command": ["framebus", "--file", "/etc/framebus/catalogue/catalogue.yaml", "/tmpfs"],
        "env": [{"name": "PASSWORD_FILE", "value": "/etc/framebus/kafka/user/password"}],
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "catalogue", "mountPath": "/etc/framebus/catalogue"},
            {"name": "kafka", "mountPath": "/etc/framebus/kafka"},
        ],
    }
    volumes = [
        {"name": "tmp", "emptyDir": {}},
        {"name": "catalogue", "configMap": {"name": "catalogue"}},
        {"name": "kafka", "secret": {"secretName": "kafka", "items": [{"key": "password", "path": "user/password"}]}},
    ]
    found = prepared(sandbox, container, volumes=volumes)
    folder = sandbox.folder / "volumes"
    assert found.command == ("framebus", "--file", str(folder / "catalogue" / "catalogue.yaml"), "/tmpfs")
    assert Path(found.command[2]).read_text() == "models: []"
    assert Path(found.environ["PASSWORD_FILE"]).read_text() == "s3cret"
    assert found.environ["TMPDIR"] == str(folder / "tmp")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"secretKeyRef": {"name": "none", "key": "a"}}, r"^secret none: there is none in namespace video"),
        ({"secretKeyRef": {"name": "kafka", "key": "a"}}, r"kafka: no key a; expected one of \['password'\]$"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, r"^a variable from resourceFieldRef: expected a field"),
        ({"fieldRef": {"fieldPath": "metadata.uid"}}, r"^a variable from the field metadata\.uid: expected one that"),
    ],
)
def test_what_is_missing_is_said(sandbox: Sandbox, source: Object, said: str) -> None:
    with pytest.raises(ContainerError, match=said):
        prepared(sandbox, {"name": "worker", "env": [{"name": "A", "valueFrom": source}]})


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def start(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Pod]]:
    """Makes a Pod whose container runs Python; what it left is ended."""
    made: list[Pod] = []

    def make(script: str, exits: list[Exit], **spec: Any) -> Pod:
        container = {"name": "worker", "image": "framebus"}
        run = Prepared((sys.executable, "-c", script), {})
        pod = Pod(pod_of(container, **spec), sandbox, tmp_path / "log", lambda _: run, exits)
        made.append(pod)
        return pod

    yield make
    for pod in made:
        pod.kill()


def step_until(pod: Pod, pool: Executor, condition: Callable[[], bool], what: str) -> None:
    def look() -> bool:
        pod.step(pool)
        return condition()

    wait_until(look, deadline_s=20, what=what)


SLEEP = "import sys, time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


@pytest.mark.parametrize(
    ("script", "grace_s", "ended"),
    [(SLEEP, 60, Exit("worker-1", -signal.SIGTERM, False, True)), (STUBBORN, 0, Exit("worker-1", -9, True, True))],
)
def test_a_deleted_pod_is_asked_and_then_ended(
    start: Callable[..., Pod], pool: Executor, script: str, grace_s: float, ended: Exit
) -> None:
    exits: list[Exit] = []
    pod = start(script, exits)
    step_until(pod, pool, lambda: pod.log.exists() and "up" in pod.log.read_text(), "the process")
    assert pod.ready
    assert pod.status()["phase"] == "Running"
    pod.manifest["metadata"]["deletionTimestamp"] = (datetime.now(UTC) + timedelta(seconds=grace_s)).isoformat()
    step_until(pod, pool, lambda: pod.ended, "its end")
    assert exits == [ended]


def test_what_ends_by_itself_is_started_again_at_once_and_then_later(start: Callable[..., Pod], pool: Executor) -> None:
    exits: list[Exit] = []
    pod = start("raise SystemExit(3)", exits)
    step_until(pod, pool, lambda: len(exits) == 2, "two ends")
    pod.step(pool)
    assert [(one.code, one.asked) for one in exits] == [(3, False), (3, False)]
    assert pod.process is None
    assert pod.status()["containerStatuses"][0]["state"] == {"waiting": {"reason": "CrashLoopBackOff"}}


def test_a_jobs_container_runs_after_the_one_before_it_and_once(start: Callable[..., Pod], pool: Executor) -> None:
    exits: list[Exit] = []
    pod = start("pass", exits, restartPolicy="OnFailure", initContainers=[{"name": "first", "image": "framebus"}])
    step_until(pod, pool, lambda: pod.ended, "its end")
    assert pod.phase == "Succeeded"
    assert [one.code for one in exits] == [0, 0]
    assert pod.status()["containerStatuses"][0]["state"] == {"terminated": {"exitCode": 0}}
