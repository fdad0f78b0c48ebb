"""A container's probes: asked in their time, and counted against their thresholds."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cluster.containers import Prepared


@dataclass
class Probe:
    """One probe of one container's process; `passed` is None until it is decided."""

    spec: Mapping[str, Any]
    ip: str
    ports: Mapping[str, int]
    prepared: Prepared
    passed: bool | None = None
    _due: float | None = None
    _row: int = 0
    _asked: Future[bool] | None = field(default=None, repr=False)

    def look(self, pool: Executor) -> None:
        """Take in the last answer if there is one, and ask again when it is time."""
        now = time.monotonic()
        if self._due is None:
            self._due = now + self.spec.get("initialDelaySeconds", 0)
        if self._asked is not None and self._asked.done():
            self._count(self._asked.result())
            self._asked = None
        if self._asked is None and now >= self._due:
            self._due = now + self.spec.get("periodSeconds", 10)
            self._asked = pool.submit(self._ask)

    def _count(self, success: bool) -> None:
        self._row = max(self._row, 0) + 1 if success else min(self._row, 0) - 1
        if self._row >= self.spec.get("successThreshold", 1):
            self.passed = True
        if -self._row >= self.spec.get("failureThreshold", 3):
            self.passed = False

    def _ask(self) -> bool:
        timeout = self.spec.get("timeoutSeconds", 1)
        if "httpGet" in self.spec:
            target = self.spec["httpGet"]
            url = f"{target.get('scheme', 'HTTP').lower()}://{self.ip}:{self._port(target['port'])}{target['path']}"
            headers = {one["name"]: one["value"] for one in target.get("httpHeaders", ())}
            try:
                return httpx.get(url, headers=headers, timeout=timeout).is_success
            except httpx.TransportError:
                return False
        if "tcpSocket" in self.spec:
            try:
                socket.create_connection((self.ip, self._port(self.spec["tcpSocket"]["port"])), timeout).close()
            except OSError:
                return False
            return True
        command, environ = self.spec["exec"]["command"], self.prepared.environ
        try:
            return (
                subprocess.run(command, env=environ, capture_output=True, timeout=timeout, check=False).returncode == 0
            )
        except subprocess.TimeoutExpired:
            return False

    def _port(self, port: int | str) -> int:
        return self.ports[port] if isinstance(port, str) else port
