"""`/healthz`, `/readyz` and `/metrics`: for whoever runs the service."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.metrics import REGISTRY
from api.problems import problem, problems
from api.services import ServicesDep

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well."""

    status: str = "ok"


@router.get("/healthz", response_model=Health, responses=problems(503))
async def healthz(services: ServicesDep) -> Health | Response:
    """Whether the process works; when it does not, restart it."""
    if not services.reader.is_alive:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the thread that reads Kafka has ended")
    return Health()


@router.get("/readyz", response_model=Health, responses=problems(503))
async def readyz(services: ServicesDep) -> Health | Response:
    """Whether every topic is being read; when not, `detail` says why. What is in memory is served all the same."""
    trouble = services.reader.trouble
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, trouble) if trouble else Health()


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics() -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
