"""What the routes live from; made when the application starts, and closed when it ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Final

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from api.audit.auditor import Auditor
from api.audit.metrics import LEDGER
from api.audit.report import AuditReport
from api.audit.windows import WindowAudits
from api.cached import Cached
from api.camera_metrics import CAMERAS
from api.cameras import CameraDesk
from api.dead_letters import Desk
from api.frames.outcome import OutcomeFinder
from api.frames.reader import FrameReader
from api.frames.reinfer import Reinference
from api.frames.waiters import ResultWaiters
from api.log.pages import LogPages
from api.log_reader import LogReader
from api.models.history import Look, ModelHistory
from api.models.looks import LookReader
from api.models.metrics import LAG
from api.models.progress import ProgressReader
from api.models.watch import ModelWatch
from api.store import CameraStore, ResultStore
from api.stream import Broadcaster
from api.stream.history import History
from api.system import SystemReader
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

_AUDIT_S: Final = 8.0
"""A long history takes several refreshes: clients hear how far it is, and ask again."""
_FAREWELL_S: Final = 0.5
_NAMED: Final = 1000
"""Unexplained entries that one answer names; `framebus audit` names all."""


class Services:
    """The readers and stores behind the routes."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.results = ResultStore()
        self.cameras = CameraStore()
        self.waiters = ResultWaiters(self.results)
        self._history = History(settings)
        self.broadcaster = Broadcaster(
            (model.name for model in catalogue.models), self._history, limit=settings.api_stream_clients
        )
        self.reader = LogReader(
            settings,
            catalogue,
            results=self.results,
            cameras=self.cameras,
            stream=self.broadcaster,
        )
        self.frames = FrameReader(settings, catalogue)
        self.outcomes = OutcomeFinder(settings, self.frames, self.results)
        self.reinference = Reinference(settings, catalogue, self.frames)
        self.names = settings.names
        self.started_at = datetime.now(UTC)
        self.system = Cached(SystemReader(settings).read, ttl_s=5.0)
        self.pages = LogPages(settings)
        self.progress = Cached(ProgressReader(settings, catalogue).read_with_ages)
        self.history = ModelHistory(catalogue)
        self._looks = LookReader(settings, catalogue)
        self._watch = ModelWatch(self._look, self.history)
        self._auditor = Auditor(settings, catalogue)
        self.ledger = Cached(self._audit)
        self.windows = WindowAudits(settings, catalogue, named=_NAMED)
        self.settings = settings

    @cached_property
    def dead_letters(self) -> Desk:
        """Where dead letters are worked on: made when somebody asks for them, in the event loop that serves."""
        return Desk(self.settings, self.catalogue)

    @cached_property
    def camera_desk(self) -> CameraDesk:
        """Where cameras are changed: made when somebody does."""
        return CameraDesk(self.settings, self.catalogue, self.cameras, lambda: self.reader.trouble)

    def start(self) -> None:
        """Begin to read; in the event loop that serves."""
        self.broadcaster.bind()
        self.waiters.bind()
        self.reader.start()
        self._watch.start()

    async def close(self) -> None:
        """End everything; the broker hears of it."""
        self.broadcaster.close()
        await run_in_threadpool(self.reader.stop)
        await run_in_threadpool(self._history.close)
        self.frames.close()
        self.pages.close()
        self.outcomes.close()
        if "dead_letters" in self.__dict__:
            await run_in_threadpool(self.dead_letters.close, timeout_s=_FAREWELL_S)
        if await self._watch.stop(seconds=_FAREWELL_S):
            self._looks.close()
        for reader in (self.progress, self.system):
            await reader.settle(seconds=_FAREWELL_S)
        if await self.ledger.settle(seconds=_FAREWELL_S):
            self._auditor.close()

    async def refresh_metrics(self, seconds: float) -> None:
        """Count the cameras; audit, and ask for the lag, if it is time to.

        Where an audit takes longer the metrics show the one before; of the lag they show nothing then.
        """
        CAMERAS.show(Counter() if self.reader.trouble else self.cameras.by_state())
        await asyncio.gather(self._refresh_ledger(seconds), self._refresh_lag(seconds))

    async def _refresh_ledger(self, seconds: float) -> None:
        with suppress(TimeoutError, EnvironmentMissingError):
            async with asyncio.timeout(seconds):
                await self.ledger.get()

    async def _refresh_lag(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                LAG.show(await self.progress.get())
        except (TimeoutError, EnvironmentMissingError):
            LAG.show({})

    def _look(self) -> dict[str, Look]:
        self.frames.renew()
        return self._looks.read()

    def _audit(self) -> AuditReport:
        self._auditor.refresh(_AUDIT_S)
        balance, now = self._auditor.balance(), datetime.now(UTC)
        LEDGER.show(balance, (model.name for model in self.catalogue.models), at=now.timestamp())
        return AuditReport.of(balance, at=now, limit=_NAMED)


def _services(request: HTTPConnection) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
