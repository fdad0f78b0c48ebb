"""The API as a process of its own, which can be killed and started again on its port; and clients that come and go."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from schemas.settings import Settings
from tests.integration.api_client import Event, events
from tests.integration.api_world import free_port, wait_for

_RUN = """
import sys
from api.service import run
from schemas.catalogue import Catalogue
from schemas.settings import Settings
sys.exit(run(Settings(%s), Catalogue()))
"""
STREAM = "/api/v1/results/stream"


class Replica:
    """One of the API's processes."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._fields = ", ".join(
            f"{name}={getattr(settings, name)!r}" for name in ("bootstrap_servers", "prefix", "api_stream_clients")
        )
        self.running: subprocess.Popen[str] = self._begin()

    def _begin(self) -> subprocess.Popen[str]:
        code = _RUN % f"{self._fields}, api_port={self.port}"
        return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)

    def kill(self) -> None:
        """As if its machine were gone."""
        self.running.kill()
        if self.running.returncode is None:
            self.running.communicate()

    def restart(self) -> None:
        """Start it again, and do not wait for it."""
        self.kill()
        self.running = self._begin()

    def wait(self) -> None:
        """Until it reads every topic."""

        def answers() -> bool:
            assert self.running.poll() is None
            try:
                return httpx.get(f"{self.url}/readyz", timeout=30).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, seconds=30)


@contextmanager
def replicas(settings: Settings, count: int = 1) -> Iterator[list[Replica]]:
    """Several that answer, until the end."""
    started = [Replica(settings) for _ in range(count)]
    try:
        for one in started:
            one.wait()
        yield started
    finally:
        for one in started:
            one.kill()


class Roamer:
    """A client that is cut off again and again, in the midst of whatever it is sent, and comes back by its last id."""

    def __init__(self, query: str, urls: list[str], seed: int) -> None:
        self.taken: list[Event] = []
        """Everything that was dispatched, in its order, heartbeats aside."""
        self.visits = 0
        self.refused = 0
        self.last: str | None = None
        self._query = query
        self._urls = urls
        self._random = random.Random(seed)
        self._client = httpx.Client(timeout=20)

    def finish(self, count: int, seconds: float = 60.0) -> None:
        """Come back, and stay until so many events have been taken."""
        deadline = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < deadline, f"{len(self.taken)} of {count} came in {seconds} s"
            self.visit(until=count)

    def visit(self, *, until: int | None = None) -> None:
        """Be connected for a while, then cut; what has come in half is lost, as it is for a browser.

        With `until`: for so many events, or one heartbeat.
        """
        left = self._random.randrange(1, 10_000) if until is None else 2**40
        headers = {"last-event-id": self.last} if self.last else {}
        url = self._random.choice(self._urls) + STREAM + self._query
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                if response.status_code == 503:  # it has just been started
                    self.refused += 1
                    return
                assert response.status_code == 200, response.read()
                for event in events(_cut(response.iter_bytes(), left), heartbeats=True):
                    self.last = event.id or self.last
                    if event.data:
                        self.taken.append(event)
                    if until is not None and (not event.data or len(self.taken) >= until):
                        break
        except httpx.TransportError:
            self.refused += 1
            return
        self.visits += 1

    def close(self) -> None:
        self._client.close()


def _cut(chunks: Iterator[bytes], left: int) -> Iterator[str]:
    """The whole lines of the first `left` bytes."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk[:left]).split(b"\n")
        yield from (line.decode() for line in lines)
        left -= len(chunk)
        if left <= 0:
            return
