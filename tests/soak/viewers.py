"""Who looks at the page for an hour: a stream of results that stays, one that comes and goes, pictures, the ledger."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable

import httpx

from tests.integration.api_client import events

VISIT_S = 60.0
RETRY_S = 1.0


class Viewers:
    """Threads that watch the API at `base`; what they saw is in `seen` (frames by address) and `counts`."""

    def __init__(self, base: str) -> None:
        self.seen: set[str] = set()
        self.counts: Counter[str] = Counter()
        self._base = base
        self._stopping = threading.Event()
        jobs: dict[str, Callable[[], None]] = {"stays": self._stay, "visits": self._visit, "ledger": self._audit}
        self._threads = [threading.Thread(target=job, name=name, daemon=True) for name, job in jobs.items()]

    def start(self) -> None:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Watch no more; a stream that is silent ends with the process."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(5.0)

    def _stay(self) -> None:
        while not self._stopping.is_set():
            self._follow(None, lambda _client, address: self.seen.add(address))
            self.counts["streams"] += 1

    def _visit(self) -> None:
        while not self._stopping.is_set():
            self._follow(time.monotonic() + VISIT_S, self._look)
            self.counts["visits"] += 1

    def _follow(self, until: float | None, take: Callable[[httpx.Client, str], None]) -> None:
        """Read the stream of results up to a time, or until it breaks; whoever it broke for comes again."""
        try:
            with (
                httpx.Client(base_url=self._base, timeout=20) as client,
                client.stream("GET", "/api/v1/results/stream") as response,
            ):
                response.raise_for_status()
                for event in events(response.iter_lines()):
                    if event.name == "gap":
                        self.counts["missed"] += json.loads(event.text)["missed"] or 0
                    elif event.name == "result":
                        take(client, json.loads(event.text)["frame"]["address"])
                    if self._stopping.is_set() or (until and time.monotonic() > until):
                        return
        except httpx.HTTPError:
            self.counts["broken"] += 1
            self._stopping.wait(RETRY_S)

    def _look(self, client: httpx.Client, address: str) -> None:
        answer = client.get(f"/api/v1/frames/{address}")
        good = answer.status_code == 200 and answer.content.startswith(b"\xff\xd8\xff")
        self.counts["pictures" if good else "no picture"] += 1

    def _audit(self) -> None:
        """Ask for the ledger as the page does."""
        with httpx.Client(base_url=self._base, timeout=30) as client:
            while not self._stopping.wait(10.0):
                try:
                    answer = client.get("/api/v1/ledger")
                except httpx.HTTPError:
                    self.counts["no ledger"] += 1
                    continue
                clean = answer.status_code == 200 and answer.json()["clean"]
                self.counts["clean ledgers" if clean else "other ledgers"] += 1
