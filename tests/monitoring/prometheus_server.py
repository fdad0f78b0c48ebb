"""A real Prometheus on a port of loopback, that scrapes each second and has rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.local import process
from deploy.local.ports import free_port
from tests.integration.capture_world import eventually


class Prometheus:
    """What it answers; `address` is HOST:PORT."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://{self.address}/-/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives now."""
        answer = self._ask("query", {"query": expression})
        return list(answer["data"]["result"])

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its state."""
        return [rule for group in self._ask("rules")["data"]["groups"] for rule in group["rules"]]

    def _ask(self, what: str, parameters: dict[str, str] | None = None) -> dict[str, Any]:
        response = httpx.get(f"http://{self.address}/api/v1/{what}", params=parameters, timeout=20)
        answer: dict[str, Any] = response.json()
        assert answer["status"] == "success", answer
        return answer


@contextmanager
def running_prometheus(
    program: Path, folder: Path, targets: Iterable[str], rules: Iterable[Path] = ()
) -> Iterator[Prometheus]:
    """Prometheus while the block runs; `targets` are HOST:PORT, their own labels are kept."""
    folder.mkdir()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rule) for rule in rules],
        "scrape_configs": [
            {"job_name": "services", "honor_labels": True, "static_configs": [{"targets": list(targets)}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(program),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log:
        started = process.start(command, output=log.fileno())
    try:
        server = Prometheus(address)
        eventually(server.ready, f"Prometheus answers; its log: {folder / 'log'}")
        yield server
    finally:
        process.stop(started, deadline_s=10.0)
