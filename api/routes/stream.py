"""`GET /api/v1/results/stream`, and `/api/v1/results/ws` for WebSockets: every result, as it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header, WebSocket, WebSocketDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.access import Grant
from api.access.guard import GrantDep
from api.routes.prefix import API
from api.services import ServicesDep
from api.stream import Broadcaster
from api.stream.encodings import SOCKET, SSE
from api.stream.ids import MOST_CHARACTERS
from api.stream.subscription import Subscription
from api.web import parameters
from api.web.problems import problem, problems

router = APIRouter(prefix=API, tags=["results"])

_RETRY_AFTER: Final = {"retry-after": "5"}
_POLICY_VIOLATED: Final = 1008


class EventStream(StreamingResponse):
    """Server-sent events that are encoded already: FastAPI's own response would encode each for each client."""

    media_type = "text/event-stream"


class _ClientStream(EventStream):
    """One client's, who is forgotten when it has gone, at whatever moment."""

    def __init__(self, broadcaster: Broadcaster, client: Subscription, grant: Grant) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(_chunks(client, grant), headers=headers)
        self._broadcaster = broadcaster
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._broadcaster.unsubscribe(self._client)


@router.get("/results/stream", response_class=EventStream, responses=problems(404, 422, 503))
async def stream(
    services: ServicesDep,
    grant: GrantDep,
    wanted: parameters.Wanted,
    coalesce_ms: parameters.Coalesce = 0,
    last_event_id: parameters.LastEventId = None,
    sent_back: Annotated[str | None, Header(alias="last-event-id", max_length=MOST_CHARACTERS)] = None,
) -> Response:
    """Send results as server-sent events.

    `event: result` has a result record's bytes as its data. Each event's id says how far its client has come in the
    log; who comes back with it, as `Last-Event-ID` or as `last_event_id`, goes on behind it without a gap, whichever
    replica answers. Where results cannot be sent, since the client was too slow or the log does not have them any
    more, there is one `event: gap` with `{"missed": number or null, "offsets": {"model/partition": [first, next]}}`.
    An id alone, every 10 s of nothing, takes the client of a filtered stream on. A stream that was opened in a session
    ends with it.
    """
    client = await services.broadcaster.subscribe(
        wanted, SSE, last=sent_back or last_event_id, coalesce_s=coalesce_ms / 1000
    )
    if client is None:
        return _full()
    return _ClientStream(services.broadcaster, client, grant)


@router.websocket("/results/ws")
async def socket(
    websocket: WebSocket,
    services: ServicesDep,
    grant: GrantDep,
    wanted: parameters.Wanted,
    coalesce_ms: parameters.Coalesce = 0,
    last_event_id: parameters.LastEventId = None,
) -> None:
    """The same stream for clients that speak WebSocket: each event is a message, `{"event", "id", "data"}`."""
    client = await services.broadcaster.subscribe(wanted, SOCKET, last=last_event_id, coalesce_s=coalesce_ms / 1000)
    if client is None:
        await websocket.send_denial_response(_full())
        return
    listening = None
    try:
        await websocket.accept()
        listening = asyncio.create_task(_listen(websocket, client))
        with suppress(WebSocketDisconnect):
            async for events in client.events():
                if not grant.is_current():
                    await websocket.close(_POLICY_VIOLATED)
                    return
                for event in events:
                    if event:
                        await websocket.send_text(event.decode())
    finally:
        services.broadcaster.unsubscribe(client)
        if listening:
            listening.cancel()


async def _listen(websocket: WebSocket, client: Subscription) -> None:
    """Notice that the client has gone; what it says is nobody's."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    client.end()


async def _chunks(client: Subscription, grant: Grant) -> AsyncIterator[bytes]:
    async for events in client.events():
        if not grant.is_current():
            return
        yield b"".join(events)


def _full() -> Response:
    detail = "there are as many streams as there may be (FRAMEBUS_API_STREAM_CLIENTS), or the service is ending"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, _RETRY_AFTER)
