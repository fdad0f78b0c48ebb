"""What the tests of upgrades share: a viewer of the result stream, and the audit of one model."""

from __future__ import annotations

import threading

import httpx

from api.audit.auditor import Auditor
from schemas.catalogue import Catalogue
from schemas.ledger import Balance
from schemas.messages import Result
from schemas.settings import Settings
from tests.integration.api_client import events
from tests.integration.api_world import wait_for
from tests.integration.streaming_kit import MODEL


class Viewer:
    """A client of the result stream that connects again whenever it is cut off, as browsers do."""

    def __init__(self, url: str) -> None:
        self.seen: list[str] = []
        self.connections = 0
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=5) as client:
            while not self._stop.wait(0.1):
                try:
                    self._watch(client)
                except httpx.TransportError:
                    continue  # the API is being replaced

    def _watch(self, client: httpx.Client) -> None:
        with client.stream("GET", "/api/v1/results/stream") as response:
            if response.status_code != 200:
                return
            self.connections += 1
            for event in events(response.iter_lines()):
                self.seen.append(Result.from_json(event.text.encode()).id)
                if self._stop.is_set():
                    return

    def sees_more(self, results: int = 20) -> None:
        """Wait until it has got so many results more."""
        before = len(self.seen)
        wait_for(lambda: len(self.seen) >= before + results, seconds=40)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def audited(settings: Settings, catalogue: Catalogue) -> Balance:
    """Where the frames of `MODEL` are now."""
    auditor = Auditor(settings, catalogue, model=MODEL)
    try:
        auditor.refresh(30)
        return auditor.balance()
    finally:
        auditor.close()
