"""`GET /api/v1/frames/{model}/{partition}/{offset}`: the very picture that a result belongs to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.frames.cache import StoredFrame
from api.result_record import ResultRecord
from api.routes.prefix import API
from api.services import Services, ServicesDep
from api.web import parameters
from api.web.problems import problem, problems
from schemas.errors import FrameError
from schemas.jpeg import STARTS
from schemas.messages import FrameAddress, format_time
from schemas.messages.frame import JPEG_TYPE
from schemas.window import milliseconds

router = APIRouter(prefix=API, tags=["frames"])

_CACHING: Final = "no-store"
"""Of a locked room's pictures nothing stays on anybody's disk."""


Overlay = Annotated[bool, Query(description="With what its result says drawn into it.")]


class JpegResponse(Response):
    """A JPEG picture."""

    media_type = JPEG_TYPE


@router.get(
    "/frames/{model}/{partition}/{offset}",
    response_class=JpegResponse,
    responses={**problems(404, 409, 410, 415, 422, 503), 304: {"description": "Not Modified"}},
)
async def frame(
    services: ServicesDep,
    expected: parameters.ExpectedDep,
    model: parameters.ModelPath,
    partition: parameters.PartitionPath,
    offset: parameters.OffsetPath,
    overlay: Overlay = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Get the JPEG at an address: 404 where there is none (yet), 410 when retention has removed it.

    409: another frame is there than `camera`, `run`, `seq` or `captured_at` say, or none yet: the topic was deleted and
    made anew. Whoever has a result knows them; without them the answer is whatever is at the address now, and its
    headers say what that is. With `overlay`, 404 where the frame has no result.
    """
    stored = await run_in_threadpool(services.frames.fetch, FrameAddress(model, partition, offset), expected)
    if not stored.value.startswith(STARTS):
        detail = f"frame {stored.address} is not a JPEG picture: it begins with {stored.value[:8]!r}"
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    result = await run_in_threadpool(services.outcomes.result, stored) if overlay else None
    if overlay and result is None:
        detail = f"frame {stored.address} has no result; its outcome says why, and without overlay it can be seen"
        return problem(HTTPStatus.NOT_FOUND, detail)
    headers = _headers(stored, result)
    if _names(if_none_match, headers["etag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if result is None:
        return JpegResponse(stored.value, headers=headers)
    return await run_in_threadpool(_overlaid, services, stored, result, headers)


def _overlaid(services: Services, stored: StoredFrame, result: ResultRecord, headers: dict[str, str]) -> Response:
    from api.frames.overlay import overlaid  # noqa: PLC0415  # OpenCV, for those who want it

    try:
        picture = overlaid(stored.value, result.result.detections, services.settings)
    except FrameError as error:
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"frame {stored.address}: {error}")
    return JpegResponse(picture, headers=headers)


def _headers(stored: StoredFrame, drawn: ResultRecord | None) -> dict[str, str]:
    # The time tells the frame from one at the same address in a log that was made anew.
    version = f"{stored.address}/{milliseconds(stored.appended_at)}"
    if drawn is not None:
        version += f"/{drawn.partition}/{drawn.offset}"
    headers = {"etag": f'"{version}"', "cache-control": _CACHING}
    if stored.info:
        headers |= {
            "x-framebus-camera": stored.info.camera,
            "x-framebus-run": str(stored.info.run),
            "x-framebus-seq": str(stored.info.seq),
            "x-framebus-captured-at": format_time(stored.info.captured_at),
        }
    return headers


def _names(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and etag in {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
