"""`/healthz`, `/readyz` and `/metrics`: for whoever runs the service."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.access.guard import GrantDep
from api.metrics import REGISTRY
from api.services import ServicesDep
from api.web.problems import problem, problems

router = APIRouter(tags=["health"])

_AUDIT_S: Final = 3.0
"""How long a scrape waits for the ledger; Prometheus itself waits for 10 s."""


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
async def readyz(services: ServicesDep, grant: GrantDep) -> Health | Response:
    """Whether every topic is being read; when not, `detail` says why. What is in memory is served all the same."""
    trouble = services.reader.trouble
    if trouble and grant.role is None:
        trouble = "not every topic is being read; a viewer is told why"  # it names the broker
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, trouble) if trouble else Health()


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics(services: ServicesDep) -> Response:
    """Metrics for Prometheus, the ledger's among them."""
    await services.refresh_metrics(_AUDIT_S)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
