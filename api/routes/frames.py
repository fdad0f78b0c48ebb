"""`GET /api/v1/frames/{model}/{partition}/{offset}`: the very picture that a result belongs to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import parameters
from api.frame_cache import StoredFrame
from api.problems import problem, problems
from api.routes.prefix import API
from api.services import ServicesDep
from schemas.messages import FrameAddress
from schemas.messages.frame import JPEG_TYPE

router = APIRouter(prefix=API, tags=["frames"])

_JPEG_BEGINS: Final = b"\xff\xd8\xff"
_CACHING: Final = "no-store"
"""Of a locked room's pictures nothing stays on anybody's disk."""


class JpegResponse(Response):
    """A JPEG picture."""

    media_type = JPEG_TYPE


@router.get(
    "/frames/{model}/{partition}/{offset}",
    response_class=JpegResponse,
    responses={**problems(404, 410, 415, 422, 503), 304: {"description": "Not Modified"}},
)
async def frame(
    services: ServicesDep,
    model: parameters.ModelPath,
    partition: parameters.PartitionPath,
    offset: parameters.OffsetPath,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Get the JPEG at an address: 404 where there is none (yet), 410 when retention has removed it."""
    stored = await run_in_threadpool(services.frames.fetch, FrameAddress(model, partition, offset))
    headers = _headers(stored)
    if _names(if_none_match, headers["etag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if not stored.value.startswith(_JPEG_BEGINS):
        detail = f"frame {stored.address} is not a JPEG picture: it begins with {stored.value[:8]!r}"
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    return JpegResponse(stored.value, headers=headers)


def _headers(stored: StoredFrame) -> dict[str, str]:
    # The time tells the frame from one at the same address in a log that was made anew.
    etag = f'"{stored.address}/{int(stored.appended_at.timestamp() * 1000)}"'
    headers = {"etag": etag, "cache-control": _CACHING}
    if stored.info:
        headers |= {
            "x-framebus-camera": stored.info.camera,
            "x-framebus-run": str(stored.info.run),
            "x-framebus-seq": str(stored.info.seq),
        }
    return headers


def _names(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and etag in {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
