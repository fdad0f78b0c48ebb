"""A real server of the API on a free port, and a client of its stream."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from api.app import create_app
from api.service import listen, make_server
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.integration.api_world import wait_for


@contextmanager
def serving(settings: Settings, catalogue: Catalogue, *, ready: bool = True) -> Iterator[httpx.Client]:
    """A client of a server that runs meanwhile; `ready` waits until it reads every topic."""
    listener = listen(settings)
    server = make_server(create_app(settings, catalogue), settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=30) as client:
            if ready:
                wait_for(lambda: client.get("/readyz").status_code == 200)
            yield client
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()


@dataclass
class Event:
    """One server-sent event, as the specification reads it."""

    name: str = "message"
    id: str | None = None
    data: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.data)


def events(lines: Iterator[str], *, heartbeats: bool = False) -> Iterator[Event]:
    """The events of a stream's lines; with `heartbeats` also those that have nothing but an id."""
    event = Event()
    for line in lines:
        if not line:
            if event.data or (heartbeats and event.id):
                yield event
            event = Event()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event.name = value
        elif name == "id":
            event.id = value
        elif name == "data":
            event.data.append(value)


def address_of(event: Event) -> str:
    """The frame's address of a result."""
    assert event.name == "result", event
    return str(json.loads(event.text)["frame"]["address"])


@contextmanager
def streaming(
    client: httpx.Client, query: str = "", *, last: str | None = None, heartbeats: bool = False
) -> Iterator[Iterator[Event]]:
    """The events of the result stream behind the one with the id `last`; the server knows of the client by then."""
    headers = {"last-event-id": last} if last else {}
    with client.stream("GET", f"/api/v1/results/stream{query}", headers=headers) as response:
        assert response.status_code == 200, response.read()
        lines = response.iter_lines()
        assert next(lines) == "retry: 1000"
        yield events(lines, heartbeats=heartbeats)
