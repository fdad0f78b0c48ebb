"""Prometheus, as the cluster's administrator would run it: it scrapes what the Pods show, and KEDA asks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from tests.cluster.processes import Processes
from tests.integration.streaming_kit import wait_until
from tests.monitoring.prometheus_server import Prometheus as Server

NAME: Final = "prometheus"
_READY_S: Final = 30.0


class Prometheus:
    """A server whose targets are those that `discovered`, a file of Prometheus' own discovery format, names."""

    def __init__(self, program: Path, folder: Path, processes: Processes, *, scrape_s: float) -> None:
        self._program = program
        self._folder = folder
        self._processes = processes
        self.scrape_s: Final = scrape_s
        self._address = f"127.0.0.1:{free_port()}"
        self.discovered: Final = folder / "targets.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.discovered.write_text("[]")
        # JSON is YAML.
        found = {"files": [str(self.discovered)], "refresh_interval": "1s"}
        scrape = {"job_name": "pods", "scrape_interval": f"{scrape_s:g}s", "scrape_timeout": f"{scrape_s:g}s"}
        (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [{**scrape, "file_sd_configs": [found]}]}))

    @property
    def url(self) -> str:
        return f"http://{self._address}"

    def start(self) -> None:
        """Start it, with what it remembers from before, and wait until it answers."""
        self._processes.start(
            NAME,
            [
                self._program,
                f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address={self._address}",
            ],
        )
        wait_until(self._answers, deadline_s=_READY_S, what="Prometheus to be ready")

    def kill(self) -> None:
        """End it at once."""
        self._processes.kill(NAME)

    def _answers(self) -> bool:
        self._processes.check(NAME)
        return Server(self._address).ready()
