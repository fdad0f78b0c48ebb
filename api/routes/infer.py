"""`POST /api/v1/frames/…/infer`: a frame is inferred now, by its own model or by another one."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from api.routes.prefix import API
from api.services import ServicesDep
from api.web import parameters
from api.web.documented import documented
from schemas.contract import RESULT
from schemas.messages import FrameAddress, Result
from schemas.messages._base import Identifier

router = APIRouter(prefix=API, tags=["frames"])

Wait = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the result, at most.")]


class InferRequest(BaseModel):
    """By which `model`; null: the frame's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"model": "face-detection"}})

    model: Identifier | None = None


class Inferred(BaseModel):
    """What the model saw, `took_s` seconds after it was asked.

    The frame in it is the one that was sent again: `redrive_of` is the address that was asked about, or the one that
    this frame had at first.
    """

    result: Result
    took_s: float


class Sent(BaseModel):
    """It is in the log again, at this address, and no worker has answered yet."""

    address: str


_FRAME = RESULT.frame.model_copy(
    update={"address": "face-detection/7/2046", "redrive_of": RESULT.frame.address, "redrive": 1, "lane": "redrive"}
)
_EXAMPLE = Inferred(result=RESULT.model_copy(update={"frame": _FRAME}), took_s=0.041)
_SENT = {"content": {"application/json": {"example": {"address": "face-detection/7/2046"}}}}


@router.post(
    "/frames/{model}/{partition}/{offset}/infer",
    response_model=Inferred,
    responses={
        **documented(_EXAMPLE, 404, 409, 410, 422, 503),
        202: {"model": Sent, "description": "Sent; its outcome may be asked for at `Location`", **_SENT},
    },
)
async def infer(
    services: ServicesDep,
    expected: parameters.ExpectedDep,
    model: parameters.ModelPath,
    partition: parameters.PartitionPath,
    offset: parameters.OffsetPath,
    request: InferRequest | None = None,
    wait: Wait = 5.0,
) -> Response:
    """Have a frame inferred once more: it is sent to the model's workers again, in a lane that is never shed.

    200: the result. 202: no worker has answered in time, as where there is none right now, or many frames wait before
    it; the frame is in the log and will be inferred. Its result reaches every reader of the model's results, as that of
    a frame that was sent again (`redrive_of`), and the ledger counts it so.
    """
    begun = time.perf_counter()
    address, wanted = FrameAddress(model, partition, offset), request.model if request else None
    to = await run_in_threadpool(services.reinference.send, address, wanted, expected, services.dead_letters)
    record = await services.waiters.wait(to, seconds=wait)
    if record is None:
        headers = {"location": f"{API}/frames/{to}/outcome"}
        return JSONResponse(Sent(address=str(to)).model_dump(), HTTPStatus.ACCEPTED, headers)
    took = json.dumps(round(time.perf_counter() - begun, 3)).encode()
    body = b'{"result":' + record.value + b',"took_s":' + took + b"}"
    return Response(body, media_type="application/json")
