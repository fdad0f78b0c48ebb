"""A real Pushgateway on a port of loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import process
from tests.integration.capture_world import eventually

Labels = dict[str, str]


class Gateway:
    """What it holds; `address` is HOST:PORT."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.url = f"http://{address}"

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def samples(self, name: str) -> list[tuple[Labels, float]]:
        """The samples called `name` that it has now, with their labels."""
        families = text_string_to_metric_families(httpx.get(f"{self.url}/metrics", timeout=10).text)
        every = [sample for family in families for sample in family.samples]
        return [(dict(sample.labels), sample.value) for sample in every if sample.name == name]


@contextmanager
def running_gateway(program: Path, folder: Path, port: int) -> Iterator[Gateway]:
    """The gateway while the block runs."""
    address = f"127.0.0.1:{port}"
    with (folder / f"gateway-{port}.log").open("ab") as log:
        # Debian's has a file by default, so that each would have what the last one held.
        command = [str(program), f"--web.listen-address={address}", "--persistence.file="]
        started = process.start(command, output=log.fileno())
    try:
        gateway = Gateway(address)
        eventually(gateway.ready, "the Pushgateway answers")
        yield gateway
    finally:
        process.stop(started, deadline_s=10.0)
