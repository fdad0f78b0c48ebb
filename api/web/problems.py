"""Every error that a client sees is a problem document (RFC 9457): type, title, status, detail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api.cameras import CameraExistsError, CameraNotFoundError
from api.dead_letters.desk import LetterNotFoundError
from api.dead_letters.originals import OriginalGoneError
from api.frames.reader import FrameExpiredError, FrameNotFoundError, OtherFrameError
from api.frames.reinfer import FrameUnfitError
from api.log.cursor import CursorError
from api.log.walk import LogAnewError
from api.stream.ids import EventIdError
from schemas.errors import CameraError, CatalogueError, EnvironmentMissingError, WindowError
from schemas.printable import printable, shown

PROBLEM_TYPE: Final = "application/problem+json"
_STATUS: Final[dict[type[Exception], HTTPStatus]] = {
    CatalogueError: HTTPStatus.NOT_FOUND,
    CameraError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CameraNotFoundError: HTTPStatus.NOT_FOUND,
    CameraExistsError: HTTPStatus.CONFLICT,
    FrameNotFoundError: HTTPStatus.NOT_FOUND,
    FrameExpiredError: HTTPStatus.GONE,
    OtherFrameError: HTTPStatus.CONFLICT,
    FrameUnfitError: HTTPStatus.UNPROCESSABLE_ENTITY,
    LetterNotFoundError: HTTPStatus.NOT_FOUND,
    OriginalGoneError: HTTPStatus.GONE,
    WindowError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CursorError: HTTPStatus.UNPROCESSABLE_ENTITY,
    LogAnewError: HTTPStatus.CONFLICT,
    EventIdError: HTTPStatus.UNPROCESSABLE_ENTITY,
    EnvironmentMissingError: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Problem(BaseModel):
    """What went wrong; `title` is the status in words, `detail` names the thing, the value and what was expected."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response for a problem."""
    content = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail).model_dump()
    return JSONResponse(content, status, headers, media_type=PROBLEM_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the problems that a route answers with."""
    schema = Problem.model_json_schema()
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
    }


def install(app: FastAPI, *, secret: Collection[str] = ()) -> None:
    """Make `app` answer with problem documents; of what is sent to the paths in `secret` they quote nothing."""

    async def refused(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, error.detail, error.headers)

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        if request.scope["path"] in secret:  # what was not understood may be a secret all the same
            detail = f"the body is not shown: expected what openapi.json says of {request.scope['path']}"
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(_explain(detail) for detail in error.errors()))

    for kind, status in _STATUS.items():
        app.exception_handler(kind)(_answer_with(status))
    app.exception_handler(HTTPException)(refused)

    async def unfit(_: WebSocket, error: WebSocketRequestValidationError) -> Response:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(_explain(detail) for detail in error.errors()))

    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(WebSocketRequestValidationError)(unfit)


def _answer_with(status: HTTPStatus) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_: Request, error: Exception) -> Response:
        return problem(status, str(error))

    return answer


def _explain(detail: Mapping[str, Any]) -> str:
    where = printable(".".join(str(part) for part in detail["loc"][1:]))
    return f"{where} = {shown(detail.get('input'))}: {detail['msg']}"
