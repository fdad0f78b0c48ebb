from __future__ import annotations

import httpx
from fastapi import FastAPI

from api.web.problems import install
from tests.planted import URL_PASSWORD, URL_TOKEN


async def test_what_was_not_understood_is_quoted_in_one_short_line_without_secrets() -> None:
    app = FastAPI()
    install(app)

    @app.get("/results")
    async def results(limit: int) -> int:
        return limit

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for sent, quoted in (
            (f"rtsp://user:{URL_PASSWORD}@10.0.0.7/live", "'rtsp://user:***@10.0.0.7/live'"),
            (f"http://10.0.0.7/?token={URL_TOKEN}", "'http://10.0.0.7/?token=***'"),
            ("\x1b[2J\u202e", r"'\x1b[2J\u202e'"),
            ("9" * 5000, f"'{'9' * 78}…"),
        ):
            answer = await client.get("/results", params={"limit": sent})
            assert answer.status_code == 422
            assert answer.json()["detail"].startswith(f"limit = {quoted}: "), answer.text[:200]
