"""What tests of metrics share: real services as processes, and what they tell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.environment import environment_of, inherited
from deploy.local.ports import free_port
from schemas.settings import Settings

Samples = Counter[tuple[str, ...]]


class Service:
    """A real service as a process, with its metrics at `address`."""

    def __init__(self, settings: Settings, log: Path, *arguments: str) -> None:
        port = free_port()
        given = settings.model_copy(update={"metrics_port": port, "api_port": port})
        self.address = f"127.0.0.1:{port}"
        self.log = log
        command = [sys.executable, "-W", "error", "-m", "deploy.cli", "run", *arguments]
        environment = {**inherited(), **environment_of(given), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        with log.open("wb") as errors:
            self.process = subprocess.Popen(command, env=environment, stderr=errors)

    def scrape(self) -> Samples:
        """Every counter's value by its name and labels, in the order of the labels' names; empty before it answers."""
        try:
            return samples(httpx.get(f"http://{self.address}/metrics", timeout=10).text)
        except httpx.TransportError:
            return Counter()

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        self.process.kill()
        self.process.wait(10)


def samples(text: str) -> Samples:
    return Counter(
        {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("framebus_") and sample.value == int(sample.value)
        }
    )


@contextmanager
def services(settings: Settings, folder: Path) -> Iterator[Callable[..., Service]]:
    """Starts services, and ends them."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Service:
            service = Service(settings, folder / f"{arguments[0]}-{time.monotonic_ns()}.log", *arguments)
            stack.callback(service.kill)
            return service

        yield start
