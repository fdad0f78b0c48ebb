"""The application: routes, error documents, security headers, the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from api import pages, problems
from api.edge import Edge
from api.routes import cameras, frames, health, ledger, models, results, stream
from api.services import Services
from schemas.catalogue import Catalogue
from schemas.settings import Settings

API: Final = "/api/v1"
_SUMMARY: Final = "Elastic video inference on Kafka: every frame has an address and an outcome."


def create_app(settings: Settings, catalogue: Catalogue | None = None) -> FastAPI:
    """The API over the installation that `settings` names; it reads Kafka from start-up to shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = Services(settings, catalogue or Catalogue())
        app.state.services = services
        services.start()
        yield
        await services.close()

    # The interactive pages that FastAPI would add load their scripts from a foreign host.
    app = FastAPI(title="Framebus", summary=_SUMMARY, version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    problems.install(app)
    app.add_middleware(Edge)
    for module in (cameras, models, stream, results, frames, ledger):
        app.include_router(module.router, prefix=API)
    app.include_router(health.router)
    pages.install(app)
    return app
