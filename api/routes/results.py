"""`GET /api/v1/results`: the newest results."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from api import parameters
from api.documented import documented
from api.routes.prefix import API
from api.services import ServicesDep
from schemas.contract import RESULT
from schemas.messages import Result

router = APIRouter(prefix=API, tags=["results"])


class Results(BaseModel):
    """The newest results, newest first."""

    results: list[Result]


@router.get("/results", response_model=Results, responses=documented(Results(results=[RESULT]), 404, 422))
async def results(
    services: ServicesDep,
    camera: parameters.Camera = None,
    model: parameters.Model = None,
    label: parameters.Label = None,
    min_score: parameters.MinScore = None,
    limit: parameters.Limit = 100,
) -> Response:
    """List the newest results of the last few thousand, and of each camera and model the last one however old."""
    wanted = parameters.result_filter(services, camera=camera, model=model, label=label, min_score=min_score)
    records = services.results.recent(wanted, limit=limit)
    # The records are JSON already, and were checked when they were read.
    body = b'{"results":[' + b",".join(record.value for record in records) + b"]}"
    return Response(body, media_type="application/json")
