"""KEDA outside of the cluster that it serves: operator and metrics adapter as processes, with their real protocol."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.local.ports import free_port
from tests.cluster.binaries import Binaries
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import Processes
from tests.integration.streaming_kit import wait_until

NAMESPACE: Final = "keda"
OPERATOR: Final = "keda-operator"
ADAPTER: Final = "keda-adapter"
_API_SERVICE: Final = "v1beta1.external.metrics.k8s.io"
_ADAPTER_SERVICE: Final = "keda-metrics-apiserver"
_READY_S: Final = 60.0


class Keda:
    """Both processes, and what the cluster has to know of them."""

    def __init__(self, binaries: Binaries, plane: ControlPlane, folder: Path, processes: Processes) -> None:
        self._binaries = binaries
        self._plane = plane
        self._processes = processes
        self._certificates = folder

    def install(self) -> None:
        """Install the definitions, and start both."""
        client = self._plane.client
        client.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}], namespace=NAMESPACE)
        client.apply(self._definitions(), namespace=NAMESPACE)
        self._write_certificates()
        self.start()

    def start(self) -> None:
        """Start both, and wait until external metrics can be asked for."""
        operator, adapter = free_port(), free_port()
        self._start_operator(operator)
        self._start_adapter(adapter, operator)
        self._plane.client.apply(self._registration(adapter), namespace=NAMESPACE)
        wait_until(self._is_registered, deadline_s=_READY_S, what="KEDA's metrics to be available")

    def kill(self) -> None:
        """End both at once."""
        self._processes.kill(OPERATOR)
        self._processes.kill(ADAPTER)

    def _start_operator(self, port: int) -> None:
        """Start the operator, which scales from and to zero, and asks the sources of metrics."""
        self._processes.start(
            OPERATOR,
            [
                self._binaries[OPERATOR],
                "--metrics-bind-address=127.0.0.1:0",
                "--health-probe-bind-address=127.0.0.1:0",
                f"--metrics-service-bind-address=127.0.0.1:{port}",
                f"--cert-dir={self._certificates}",
                f"--ca-dir={self._certificates}",
                "--zap-log-level=info",
            ],
            self._environ,
        )

    def _start_adapter(self, port: int, operator: int) -> None:
        """Start the adapter, which tells the autoscaler what the operator knows."""
        kubeconfig = self._plane.kubeconfig
        self._processes.start(
            ADAPTER,
            [
                self._binaries[ADAPTER],
                f"--port={free_port()}",
                f"--secure-port={port}",
                "--bind-address=127.0.0.1",
                f"--cert-dir={self._certificates}",
                f"--tls-cert-file={self._certificates / 'tls.crt'}",
                f"--tls-private-key-file={self._certificates / 'tls.key'}",
                f"--client-ca-file={self._certificates / 'ca.crt'}",
                f"--metrics-service-address=localhost:{operator}",
                f"--lister-kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
            ],
            self._environ,
        )

    @property
    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "KUBECONFIG": str(self._plane.kubeconfig),
            "POD_NAMESPACE": NAMESPACE,
            "POD_NAME": "keda",
            "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
            "WATCH_NAMESPACE": "",
        }

    def _definitions(self) -> Iterable[dict[str, Any]]:
        return [yaml.safe_load(file.read_text()) for file in sorted(self._binaries.definitions.glob("*.yaml"))]

    def _write_certificates(self) -> None:
        names = ("localhost", *(f"{one}.{NAMESPACE}.svc" for one in (OPERATOR, _ADAPTER_SERVICE)))
        issued = self._plane.authority.issue("keda", *names)
        self._certificates.mkdir(parents=True, exist_ok=True)
        for source, name in (
            (self._plane.authority.certificate, "ca.crt"),
            (issued.certificate, "tls.crt"),
            (issued.key, "tls.key"),
        ):
            (self._certificates / name).write_bytes(source.read_bytes())

    def _registration(self, port: int) -> list[dict[str, Any]]:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": _ADAPTER_SERVICE},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }
        registered = {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": _API_SERVICE},
            "spec": {
                "service": {"name": _ADAPTER_SERVICE, "namespace": NAMESPACE, "port": port},
                "group": "external.metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": b64encode(self._plane.authority.certificate.read_bytes()).decode(),
            },
        }
        return [service, registered]

    def _is_registered(self) -> bool:
        for name in (OPERATOR, ADAPTER):
            self._processes.check(name)
        found = self._plane.client.get(f"/apis/apiregistration.k8s.io/v1/apiservices/{_API_SERVICE}")
        conditions = found.get("status", {}).get("conditions", [])
        return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)
