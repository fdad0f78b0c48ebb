"""A stand-in for the kubelet and its container runtime: one node whose Pods are processes of this machine."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import httpx

from processors.samples.cachefile import place
from tests.cluster.containers import Image, Prepared, Sandbox, prepare
from tests.cluster.kubernetes import Kubernetes, Object
from tests.cluster.pod import Exit, Pod

log = logging.getLogger(__name__)

NODE: Final = "node-1"
_LOOK_S: Final = 0.25
_LEASE_S: Final = 10.0
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_CAPACITY: Final[Mapping[str, str]] = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "256Gi", "pods": "200"}
"""More than there is, so that the scheduler never says no: what is measured here is the scaling."""


class Kubelet:
    """Runs what is bound to its node; as a context manager it ends all of it."""

    def __init__(
        self,
        client: Kubernetes,
        image: Image,
        folder: Path,
        *,
        logs: Path,
        discovered: Path,
    ) -> None:
        """What Pods say goes to `logs`, and to `discovered` what a Prometheus is to scrape."""
        self._client = client
        self._image = image
        self._folder = folder
        self._logs = logs
        self._discovered = discovered
        self._pods: dict[str, Pod] = {}
        self._told: dict[str, Object] = {}
        self._addresses = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet")
        self.exits: Final[list[Exit]] = []

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._register()
        self._thread.start()  # it owns the processes, which the kernel kills when it ends
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def running(self, prefix: str) -> dict[str, int]:
        """The process ids of the Pods whose names begin with `prefix`, and which are to stay, by name."""
        return {
            pod.name: pod.process.pid
            for pod in tuple(self._pods.values())
            if pod.name.startswith(prefix) and pod.process is not None and not pod.asked
        }

    def _register(self) -> None:
        labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": labels}}
        self._client.create("/api/v1/nodes", node)
        self._client.patch(f"/api/v1/nodes/{NODE}/status", {"status": self._node_status()})
        self._client.create(
            _LEASES,
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": NODE},
                "spec": {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": _micro_now()},
            },
        )

    def _node_status(self) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {"type": "Ready", "status": "True", "reason": "StandIn", "message": "", "lastHeartbeatTime": now}
        return {
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "conditions": [{**ready, "lastTransitionTime": now}],
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NODE}],
        }

    def _run(self) -> None:
        renewed = time.monotonic()
        with ThreadPoolExecutor(8, thread_name_prefix="probe") as pool:
            try:
                while not self._stopping.wait(_LOOK_S):
                    try:
                        self._look(pool)
                        if time.monotonic() - renewed > _LEASE_S:
                            renewed = time.monotonic()
                            self._client.patch(f"{_LEASES}/{NODE}", {"spec": {"renewTime": _micro_now()}})
                    except httpx.HTTPError as error:  # the API server is busy, or somebody else was faster
                        log.warning("kubelet tries again error=%s", error)
            finally:
                for pod in self._pods.values():
                    pod.kill()

    def _look(self, pool: ThreadPoolExecutor) -> None:
        bound = {
            one["metadata"]["uid"]: one
            for one in self._client.list("/api/v1/pods", fieldSelector=f"spec.nodeName={NODE}")
        }
        for uid, manifest in bound.items():
            if uid not in self._pods and manifest["status"].get("phase") not in ("Succeeded", "Failed"):
                self._pods[uid] = self._adopt(manifest)
        for uid, pod in list(self._pods.items()):
            if uid in bound:
                pod.manifest = bound[uid]
                pod.step(pool)
                self._tell(uid, pod)
            else:  # deleted by force
                pod.kill()
            if uid not in bound or (pod.ended and pod.manifest["metadata"].get("deletionTimestamp")):
                self._client.delete(_path(pod), grace_s=0, uid=uid)
                del self._pods[uid]
        self._show()

    def _show(self) -> None:
        """Name the ports called `metrics` of the Pods that run, in Prometheus' own format of discovery."""
        found = []
        for pod in self._pods.values():
            ports = pod.manifest["spec"]["containers"][0].get("ports", ())
            targets = [f"{pod.sandbox.ip}:{one['containerPort']}" for one in ports if one.get("name") == "metrics"]
            if pod.process is not None and targets:
                found.append({"targets": targets, "labels": {"pod": pod.name, "namespace": pod.namespace}})
        text = json.dumps(found)
        if text != self._discovered.read_text():
            part = self._discovered.with_suffix(".part")
            part.write_text(text)
            place(part, self._discovered)

    def _adopt(self, manifest: Object) -> Pod:
        self._addresses += 1
        name = manifest["metadata"]["name"]
        sandbox = Sandbox(self._folder / name, f"127.64.{self._addresses // 250}.{self._addresses % 250 + 1}")
        sandbox.folder.mkdir(parents=True)

        def make(container: Object) -> Prepared:
            return prepare(self._client, manifest, container, self._image, sandbox)

        return Pod(manifest, sandbox, self._logs / f"{name}.log", make, self.exits)

    def _tell(self, uid: str, pod: Pod) -> None:
        status = pod.status()
        if self._told.get(uid) != status:
            self._client.patch(f"{_path(pod)}/status", {"status": status})
            self._told[uid] = status


def _path(pod: Pod) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"


def _micro_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
