"""`GET /api/v1/results/stream`: every result, as it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api import parameters
from api.access import Grant
from api.access.guard import GrantDep
from api.problems import problem, problems
from api.routes.prefix import API
from api.services import ServicesDep
from api.stream import Broadcaster, Subscription

router = APIRouter(prefix=API, tags=["results"])


class EventStream(StreamingResponse):
    """Server-sent events that are encoded already: FastAPI's own response would encode each for each client."""

    media_type = "text/event-stream"


@router.get("/results/stream", response_class=EventStream, responses=problems(404, 422, 503))
async def stream(
    services: ServicesDep,
    grant: GrantDep,
    camera: parameters.Camera = None,
    model: parameters.Model = None,
    label: parameters.Label = None,
    min_score: parameters.MinScore = None,
) -> Response:
    """Send results as server-sent events.

    `event: result` has a result record's bytes as its data, and the record's place in the log as its id. A client that
    is too slow loses its oldest events and gets `event: gap` with `{"missed": number}` in their place. Comments keep
    an idle connection open. A stream that was opened in a session ends with it.
    """
    wanted = parameters.result_filter(services, camera=camera, model=model, label=label, min_score=min_score)
    subscription = services.broadcaster.subscribe(wanted)
    if subscription is None:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many streams, or the service is ending")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return EventStream(_chunks(services.broadcaster, subscription, grant), headers=headers)


async def _chunks(broadcaster: Broadcaster, subscription: Subscription, grant: Grant) -> AsyncIterator[bytes]:
    try:
        async for chunk in subscription.chunks():
            if not grant.is_current():
                return
            yield chunk
    finally:
        broadcaster.unsubscribe(subscription)
