"""Kubernetes without machines: etcd, API server, controllers and scheduler as processes of this one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from tests.cluster.binaries import Binaries
from tests.cluster.certificates import ADMINISTRATORS, Authority, Certificate
from tests.cluster.kubernetes import Kubernetes
from tests.cluster.processes import Processes
from tests.integration.streaming_kit import wait_until

_READY_S: Final = 60.0
_FRONT_PROXY: Final = "front-proxy-client"


class ControlPlane:
    """A cluster without nodes; its processes are among `processes`, its files in `folder`."""

    def __init__(self, binaries: Binaries, folder: Path, processes: Processes, *, sync_s: float) -> None:
        """`sync_s` is how often the horizontal pod autoscaler looks; Kubernetes' default is 15."""
        self._binaries = binaries
        self._folder = folder
        self._processes = processes
        self.sync_s: Final = sync_s
        self.authority: Final = Authority(folder / "certificates")
        self._port = free_port()
        administrator = self.authority.issue("administrator", group=ADMINISTRATORS)
        self.kubeconfig: Final = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self._kubeconfig(administrator)))
        self.client: Final = Kubernetes(self.url, self.authority.certificate, administrator)

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start all of it, and wait until the API server is ready.

        Raises:
            EnvironmentMissingError: A process ended while it started.
        """
        etcd = self._start_etcd()
        self._start_api_server(etcd)
        self._await("kube-apiserver", self.client.is_ready)
        self._start_controllers()
        self._start_scheduler()
        self._await(
            "kube-controller-manager", lambda: self.client.find("/api/v1/namespaces/kube-node-lease") is not None
        )

    def _await(self, name: str, is_ready: Callable[[], bool]) -> None:
        def look() -> bool:
            self._processes.check(name)
            return is_ready()

        wait_until(look, deadline_s=_READY_S, what=f"{name} to be ready")

    def _start_etcd(self) -> str:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._processes.start(
            "etcd",
            [
                self._binaries["etcd"],
                f"--data-dir={self._folder / 'etcd'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                "--unsafe-no-fsync",  # nothing here outlives the test
            ],
        )
        return client

    def _start_api_server(self, etcd: str) -> None:
        server = self.authority.issue("kube-apiserver", "127.0.0.1", "localhost", "kubernetes.default.svc")
        # An authority of its own: who is known by it as a proxy would be refused as an ordinary client.
        proxies = Authority(self._folder / "proxies")
        front = proxies.issue(_FRONT_PROXY)
        accounts = self._service_accounts
        self._processes.start(
            "kube-apiserver",
            [
                self._binaries["kube-apiserver"],
                f"--etcd-servers={etcd}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--secure-port={self._port}",
                f"--cert-dir={self._folder / 'apiserver'}",
                f"--tls-cert-file={server.certificate}",
                f"--tls-private-key-file={server.key}",
                f"--client-ca-file={self.authority.certificate}",
                "--authorization-mode=RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={accounts.certificate}",
                f"--service-account-signing-key-file={accounts.key}",
                "--service-cluster-ip-range=10.96.0.0/24",
                "--endpoint-reconciler-type=none",  # it would refuse a loopback address
                # How it shows itself to the servers of extensions, as KEDA's of external metrics.
                f"--requestheader-client-ca-file={proxies.certificate}",
                f"--requestheader-allowed-names={_FRONT_PROXY}",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-username-headers=X-Remote-User",
                f"--proxy-client-cert-file={front.certificate}",
                f"--proxy-client-key-file={front.key}",
            ],
        )

    def _start_controllers(self) -> None:
        self._processes.start(
            "kube-controller-manager",
            [
                self._binaries["kube-controller-manager"],
                f"--kubeconfig={self.kubeconfig}",
                f"--authentication-kubeconfig={self.kubeconfig}",
                f"--authorization-kubeconfig={self.kubeconfig}",
                "--bind-address=127.0.0.1",
                f"--secure-port={free_port()}",
                f"--cert-dir={self._folder / 'controllers'}",
                "--leader-elect=false",
                f"--service-account-private-key-file={self._service_accounts.key}",
                f"--root-ca-file={self.authority.certificate}",
                f"--horizontal-pod-autoscaler-sync-period={self.sync_s}s",
            ],
        )

    def _start_scheduler(self) -> None:
        configuration = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(self.kubeconfig)},
            "leaderElection": {"leaderElect": False},
        }
        file = self._folder / "scheduler.json"
        file.write_text(json.dumps(configuration))
        self._processes.start(
            "kube-scheduler",
            [
                self._binaries["kube-scheduler"],
                f"--config={file}",
                f"--authentication-kubeconfig={self.kubeconfig}",
                f"--authorization-kubeconfig={self.kubeconfig}",
                "--bind-address=127.0.0.1",
                f"--secure-port={free_port()}",
                f"--cert-dir={self._folder / 'scheduler'}",
            ],
        )

    @property
    def _service_accounts(self) -> Certificate:
        file = self._folder / "certificates" / "service-accounts"
        made = Certificate(file.with_suffix(".crt"), file.with_suffix(".key"))
        return made if made.key.exists() else self.authority.issue("service-accounts")

    def _kubeconfig(self, who: Certificate) -> dict[str, object]:
        cluster = {"server": self.url, "certificate-authority": str(self.authority.certificate)}
        user = {"client-certificate": str(who.certificate), "client-key": str(who.key)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "administrator", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "administrator"}}],
            "current-context": "test",
        }
