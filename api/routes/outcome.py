"""`GET /api/v1/frames/…/outcome`: what became of the frame at an address."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.dead_letters import LetterEntry
from api.dead_letters.report import SendingEntry
from api.frames.cache import StoredFrame
from api.frames.outcome import Fate, OutcomeOf
from api.routes.prefix import API
from api.services import ServicesDep
from api.web import parameters
from api.web.documented import documented
from schemas.contract import FRAME, RESULT
from schemas.jpeg import STARTS
from schemas.messages import FrameAddress, Result
from schemas.messages._base import Timestamp

router = APIRouter(prefix=API, tags=["frames"])


class FrameEntry(BaseModel):
    """The frame, as its headers say, or its result where retention has taken it: then `appended_at` is null."""

    camera: str
    run: int
    seq: int
    captured_at: Timestamp
    appended_at: Timestamp | None
    width: int
    height: int
    lane: str


class SkipOfFrame(BaseModel):
    """Why it was not inferred, and when that was recorded."""

    reason: str
    at: Timestamp


class FrameOutcome(BaseModel):
    """What became of one frame.

    `results` are those of this very address; `redrives` lists every time that the frame was sent again, to this or
    another model, each with its new address, of which the outcome may be asked in turn. `picture` says whether its JPEG
    can be fetched. `detail` says in words what `outcome` leaves open.
    """

    address: str
    outcome: Fate
    detail: str | None
    frame: FrameEntry | None
    picture: Literal["available", "expired", "none"]
    results: list[Result]
    skip: SkipOfFrame | None
    dead_letter: LetterEntry | None
    redrives: list[SendingEntry]


def _frame(found: OutcomeOf) -> FrameEntry | None:
    stored = found.stored
    if stored and stored.info:
        info = stored.info
        return FrameEntry(
            camera=info.camera,
            run=info.run,
            seq=info.seq,
            captured_at=info.captured_at,
            appended_at=stored.appended_at,
            width=info.width,
            height=info.height,
            lane=str(info.lane),
        )
    if not found.results:
        return None
    frame = found.results[0].result.frame
    return FrameEntry(
        camera=frame.camera,
        run=frame.run,
        seq=frame.seq,
        captured_at=frame.captured_at,
        appended_at=None,
        width=frame.width,
        height=frame.height,
        lane=str(frame.lane),
    )


def _picture(stored: StoredFrame | None) -> Literal["available", "expired", "none"]:
    if stored is None:
        return "expired"
    return "available" if stored.value.startswith(STARTS) else "none"


_EXAMPLE = FrameOutcome(
    address="face-detection/3/1234",
    outcome=Fate.INFERRED,
    detail=None,
    frame=FrameEntry(
        camera=FRAME.camera,
        run=FRAME.run,
        seq=FRAME.seq,
        captured_at=FRAME.captured_at,
        appended_at=datetime(2026, 1, 31, 12, 0, 0, 280_000, tzinfo=UTC),
        width=FRAME.width,
        height=FRAME.height,
        lane=str(FRAME.lane),
    ),
    picture="available",
    results=[RESULT],
    skip=None,
    dead_letter=None,
    redrives=[],
)


@router.get(
    "/frames/{model}/{partition}/{offset}/outcome",
    response_model=FrameOutcome,
    responses=documented(_EXAMPLE, 404, 409, 422, 503),
)
async def outcome(
    services: ServicesDep,
    expected: parameters.ExpectedDep,
    model: parameters.ModelPath,
    partition: parameters.PartitionPath,
    offset: parameters.OffsetPath,
) -> Response:
    """Get what became of the frame at an address: 404 where there is none (yet), 409 where it is another one.

    A frame that retention has taken has its outcome for days longer than its picture; then `frame` is what its result
    says. It is looked for in the log, for 6 s.
    """
    address = FrameAddress(model, partition, offset)
    found = await run_in_threadpool(services.outcomes.find, address, services.dead_letters, expected)
    body = FrameOutcome(
        address=str(address),
        outcome=found.fate,
        detail=found.detail,
        frame=_frame(found),
        picture=_picture(found.stored),
        results=[],
        skip=SkipOfFrame(reason=found.skipped.reason, at=found.skipped.at) if found.skipped else None,
        dead_letter=found.letter,
        redrives=list(found.sendings),
    )
    # As they stand in the log, with what only a newer release knows.
    results = [json.loads(record.value) for record in found.results]
    return JSONResponse({**body.model_dump(mode="json"), "results": results})
