"""`GET /api/v1/ledger`: where every frame is, and whatever cannot be explained."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from fastapi import APIRouter

from api.audit_report import AuditReport
from api.documented import documented
from api.routes.prefix import API
from api.services import ServicesDep
from schemas.ledger import Account, Balance

router = APIRouter(prefix=API, tags=["ledger"])

_ACCOUNT = Account(captured=812, delivered=811, inferred=805, stale=3, in_log=3, dropped=Counter({"superseded": 1}))
_EXAMPLE = AuditReport.of(
    Balance(accounts={("entrance", "face-detection"): _ACCOUNT}, uncounted={}, unexplained=(), conflicts=0, repeats=2),
    at=datetime(2026, 1, 31, 12, tzinfo=UTC),
)


@router.get("/ledger", responses=documented(_EXAMPLE, 503))
async def ledger(services: ServicesDep) -> AuditReport:
    """Audit what is new, and give the balance; at most a few seconds old."""
    return await services.ledger.get()
