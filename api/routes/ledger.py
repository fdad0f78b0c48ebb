"""`GET /api/v1/ledger`: where every frame is, and whatever cannot be explained."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.audit_report import AuditReport
from api.documented import documented
from api.routes.prefix import API
from api.services import ServicesDep
from schemas.ledger import Account, Balance
from schemas.window import Window

router = APIRouter(prefix=API, tags=["ledger"])

_ACCOUNT = Account(captured=812, delivered=811, inferred=805, stale=3, in_log=3, dropped=Counter({"superseded": 1}))
_EXAMPLE = AuditReport.of(
    Balance(accounts={("entrance", "face-detection"): _ACCOUNT}, uncounted={}, unexplained=(), conflicts=0, repeats=2),
    at=datetime(2026, 1, 31, 12, tzinfo=UTC),
)


_TIME = "An age (10m, 1h30m, 2d) or a time with a zone (2026-01-31T12:00Z)."
Since = Annotated[
    str | None,
    Query(
        max_length=64,
        description=f"Only frames that the broker appended then or later. {_TIME} Capture records written in the "
        "window count, less deliveries outside of it; an outcome counts whenever it was written. Frames that the log "
        "no longer has are dated by their capture record.",
    ),
]
Until = Annotated[str | None, Query(max_length=64, description=f"Only frames that the broker appended before. {_TIME}")]


@router.get("/ledger", responses=documented(_EXAMPLE, 422, 503))
async def ledger(services: ServicesDep, since: Since = None, until: Until = None) -> AuditReport:
    """Audit what is new, and give the balance, at most a few seconds old; or audit a window of time."""
    window = Window.parse(since, until, now=datetime.now(UTC))
    return await (services.windows.audit(window) if window else services.ledger.get())
