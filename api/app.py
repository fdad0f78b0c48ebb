"""The application: routes, error documents, who may do what, security headers, the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from api.access import Access, Guard
from api.access.description import describe
from api.access.roles import SESSION_PATH
from api.routes import (
    cameras,
    dead_letters,
    frames,
    health,
    infer,
    ledger,
    models,
    outcome,
    results,
    session,
    skips,
    stream,
    system,
)
from api.services import Services
from api.web import pages, problems
from api.web.edge import Edge
from schemas.catalogue import Catalogue
from schemas.settings import Settings

_SUMMARY: Final = "Elastic video inference on Kafka: every frame has an address and an outcome."


def create_app(settings: Settings, catalogue: Catalogue) -> FastAPI:
    """The API over the installation that `settings` names; it reads Kafka from start-up to shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = Services(settings, catalogue)
        app.state.services = services
        services.start()
        yield
        await services.close()

    app = FastAPI(
        title="Framebus",
        summary=_SUMMARY,
        version="1",
        # The interactive pages that FastAPI would add load their scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        # Our metrics are Prometheus'; spans of sixty pictures a second are nobody's.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        redirect_slashes=False,
        lifespan=lifespan,
    )
    problems.install(app, secret={SESSION_PATH})
    app.state.access = Access(settings)
    app.add_middleware(Guard, access=app.state.access)
    app.add_middleware(Edge)  # the outermost: refusals have its headers too
    reading = (models, stream, results, skips, frames, outcome, dead_letters, ledger, system, health)
    for module in (session, cameras, *reading, infer):
        app.include_router(module.router)
    describe(app)
    pages.install(app)
    return app
