"""The stream as FastAPI's documentation has one: a queue for each client, whose events are encoded one by one.

It reads the same topics by the same reader, in a process of its own; `python -m tests.benchmarks.stream_plain PORT`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.results import ResultReader
from schemas.catalogue import Catalogue
from schemas.settings import Settings


def create(settings: Settings) -> FastAPI:
    """The application; it begins to read with its first client."""
    app = FastAPI()
    reader = ResultReader(settings, [model.name for model in Catalogue().models])
    queues: set[asyncio.Queue[ServerSentEvent]] = set()

    def hand_out(event: ServerSentEvent) -> None:
        for queue in queues:
            queue.put_nowait(event)

    def read(loop: asyncio.AbstractEventLoop) -> None:
        for record in reader:
            event = ServerSentEvent(data=json.loads(record.value), event="result", id=record.id)
            loop.call_soon_threadsafe(hand_out, event)

    @app.get("/stream", response_class=EventSourceResponse)
    async def stream() -> AsyncIterator[ServerSentEvent]:
        if not queues:
            threading.Thread(target=read, args=(asyncio.get_running_loop(),), daemon=True).start()
        queue: asyncio.Queue[ServerSentEvent] = asyncio.Queue()
        queues.add(queue)
        yield ServerSentEvent(comment="hello")
        while True:
            yield await queue.get()

    return app


if __name__ == "__main__":
    uvicorn.run(create(Settings.from_environment(os.environ)), port=int(sys.argv[1]), log_level="error")
