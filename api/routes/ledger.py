"""`GET /api/v1/ledger`: where every frame is, and whatever cannot be explained."""

from __future__ import annotations

from fastapi import APIRouter

from api.audit_report import AuditReport
from api.problems import problems
from api.services import ServicesDep

router = APIRouter(tags=["ledger"])


@router.get("/ledger", responses=problems(503))
async def ledger(services: ServicesDep) -> AuditReport:
    """Audit what is new, and give the balance; at most a few seconds old."""
    return await services.ledger.get()
