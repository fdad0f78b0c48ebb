"""Audits of a window of time, each with an auditor of its own; one at a time, for each reads much."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from api.audit.auditor import Auditor
from api.audit.report import AuditReport
from api.cached import in_daemon
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings
from schemas.window import Window

_AUDIT_S: Final = 10.0
_PATIENCE_S: Final = 15.0


class WindowAudits:
    """Answers askers in turn; who waits too long is told to come back."""

    def __init__(self, settings: Settings, catalogue: Catalogue, *, named: int) -> None:
        """Audit all models; one answer names at most `named` unexplained entries."""
        self._settings = settings
        self._catalogue = catalogue
        self._named = named
        self._turn = asyncio.Lock()

    async def audit(self, window: Window) -> AuditReport:
        """The report of the frames of `window`.

        Raises:
            EnvironmentMissingError: Kafka gives no answer, the window holds too much, or others keep this busy.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._turn.acquire()
        except TimeoutError:
            raise EnvironmentMissingError(
                f"other windows have been audited for {_PATIENCE_S:.0f} s: expected one at a time; ask again later"
            ) from None
        # An asker who leaves must not let the next one in while his audit still runs.
        running = asyncio.create_task(self._run(window))
        return await asyncio.shield(running)

    async def _run(self, window: Window) -> AuditReport:
        try:
            return await in_daemon(lambda: self._audit(window))
        finally:
            self._turn.release()

    def _audit(self, window: Window) -> AuditReport:
        auditor = Auditor(self._settings, self._catalogue, window=window)
        try:
            auditor.refresh(_AUDIT_S)
            return AuditReport.of(auditor.balance(), at=datetime.now(UTC), window=window, limit=self._named)
        finally:
            auditor.close()
