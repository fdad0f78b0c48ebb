"""`GET /api/v1/ledger`: where every frame is, and whatever cannot be explained."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.audit.report import AuditReport
from api.routes.prefix import API
from api.services import ServicesDep
from api.web.documented import documented
from schemas.ledger import Account, Balance
from schemas.window import HELD, MOMENT, Window

router = APIRouter(prefix=API, tags=["ledger"])

_ACCOUNT = Account(captured=812, delivered=811, inferred=805, stale=3, in_log=3, dropped=Counter({"superseded": 1}))
_EXAMPLE = AuditReport.of(
    Balance(accounts={("entrance", "face-detection"): _ACCOUNT}, uncounted={}, unexplained=(), conflicts=0, repeats=2),
    at=datetime(2026, 1, 31, 12, tzinfo=UTC),
)


Since = Annotated[
    str | None,
    Query(max_length=64, description=f"Only frames that the broker appended then or later: {MOMENT}. {HELD}"),
]
Until = Annotated[
    str | None, Query(max_length=64, description=f"Only frames that the broker appended before: {MOMENT}.")
]


@router.get("/ledger", responses=documented(_EXAMPLE, 422, 503))
async def ledger(services: ServicesDep, since: Since = None, until: Until = None) -> AuditReport:
    """Audit what is new, and give the balance as it was `at`; or audit a window of time.

    A balance is kept for a second, or for four times as long as its audit took: half a minute at most.
    """
    window = Window.parse(since, until, now=datetime.now(UTC))
    return await (services.windows.audit(window) if window else services.ledger.get())
