"""`/api/v1/session`: signing in on the page, which cannot send a token with a stream or a picture."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.access.access import Access
from api.access.cookie import set_cookie
from api.access.guard import GrantDep
from api.routes.prefix import API
from api.web.documented import documented
from api.web.problems import problems

router = APIRouter(prefix=API, tags=["session"])


class SessionState(BaseModel):
    """Who the caller is: `role` is null before signing in; without `locked` nobody need."""

    locked: bool
    role: Literal["viewer", "operator"] | None


class SignIn(BaseModel):
    """The token of a role."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: SecretStr = Field(min_length=1, max_length=512)


_EXAMPLE = SessionState(locked=True, role="viewer")


@router.get("/session", responses=documented(_EXAMPLE))
async def state(request: Request, grant: GrantDep) -> SessionState:
    """Say what the caller may do."""
    access: Access = request.app.state.access
    return SessionState(locked=access.is_locked, role=grant.role.title if grant.role else None)


@router.post("/session", response_model=SessionState, responses=documented(_EXAMPLE, 401, 422, 429))
async def sign_in(request: Request, given: SignIn) -> Response:
    """Begin a session: the answer sets a cookie that is as good as the token, for twelve hours."""
    access: Access = request.app.state.access
    begun = access.sign_in(request, given.token.get_secret_value())
    if isinstance(begun, Response):
        return begun
    key, session = begun
    body = SessionState(locked=True, role=session.role.title)
    response = Response(body.model_dump_json(), media_type="application/json")
    set_cookie(response, request, key)
    return response


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT, responses=problems(403))
async def sign_out(request: Request) -> Response:
    """End the session, and whatever streams it has open."""
    access: Access = request.app.state.access
    access.sign_out(request)
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    set_cookie(response, request, "")
    return response
