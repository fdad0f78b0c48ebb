"""The dashboard's files; a plain page says how to build them when they are missing."""

from __future__ import annotations

from os import PathLike, stat_result
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST: Final = Path(__file__).parents[1] / "dashboard" / "dist"

_MISSING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Framebus</title>
<h1>Framebus</h1>
<p>The API works; its page is not built. Build it with <code>make setup</code>, or
<code>cd api/dashboard && npm ci && npm run build</code>, and load this page again.</p>
<p><a href="api/v1/results">results</a> · <a href="api/v1/ledger">ledger</a> ·
<a href="openapi.json">openapi.json</a></p>
</html>
"""


class _Files(StaticFiles):
    """Files that a browser may keep, if it asks whether they are still the same."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response


def install(app: FastAPI, dist: Path = DIST) -> None:
    """Serve the dashboard at `/`; after all other routes, since it takes every path."""
    files = _Files(directory=dist, html=True, check_dir=False)

    async def missing(_: Request) -> HTMLResponse:
        return HTMLResponse(_MISSING)

    if (dist / "index.html").is_file():
        app.mount("/", files, name="dashboard")
    else:
        app.router.routes.append(Route("/", missing))
