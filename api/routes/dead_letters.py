"""`/api/v1/dead-letters`: the frames that could not be inferred, and sending them again."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.dead_letters import Done, Fate, Letter, LetterEntry, LetterFilter, Outcome
from api.dead_letters.report import HeaderEntry, LetterDetail, OutcomeEntry, SendingEntry
from api.routes.prefix import API
from api.services import ServicesDep
from api.web import parameters
from api.web.documented import documented
from api.web.problems import problem, problems
from schemas.messages import FrameAddress
from schemas.names import IDENTIFIER
from schemas.window import Window

router = APIRouter(prefix=API, tags=["dead letters"])

_ADDRESS: Final = f"^{IDENTIFIER.pattern}/[0-9]{{1,10}}/[0-9]{{1,18}}$"
_STATUS: Final = {
    Done.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Done.REFUSED: HTTPStatus.CONFLICT,
    Done.GONE: HTTPStatus.GONE,
    Done.FAILED: HTTPStatus.SERVICE_UNAVAILABLE,
}
MOST: Final = 100
"""Letters that one request may send again."""

Error = Annotated[str | None, Query(pattern="^[A-Za-z]{1,64}$", description="Only of this class, as NotJpegError.")]
Since = Annotated[
    str | None, Query(max_length=64, description="Only since then: an age, as 10m or 2d, or a time with a zone.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many dead letters.")]
Before = Annotated[
    str | None,
    Query(pattern="^[0-9]{1,13}-[0-9]{1,9}-[0-9]{1,18}$", description="Go on behind this place: an answer's `next`."),
]


class DeadLetters(BaseModel):
    """Dead letters, newest first.

    `next` is what `before` must be for those that follow; null at the end. `known` is how many letters are known at
    all: at most the newest 10,000 or so.
    """

    letters: list[LetterEntry]
    next: str | None
    known: int


class RedriveRequest(BaseModel):
    """Dead letters to send again; `again`: even those that were sent again and have not died since."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"addresses": ["face-detection/3/1234"]}})

    addresses: Annotated[list[Annotated[str, Field(pattern=_ADDRESS)]], Field(min_length=1, max_length=MOST)]
    again: bool = False


class Redriven(BaseModel):
    """What came of each letter, in the order in which that was certain."""

    redriven: int
    outcomes: list[OutcomeEntry]


class BytesResponse(Response):
    """Bytes that nobody vouches for."""

    media_type = "application/octet-stream"


_SENDING = SendingEntry(
    number=1,
    letter="face-detection/3/1234",
    address="face-detection/7/2045",
    at="2026-01-31T14:30:00.000000Z",
    outcome=Fate.INFERRED,
)
_LETTER = LetterEntry(
    address="face-detection/3/1234",
    at="2026-01-31T12:00:01.000000Z",
    camera="entrance",
    error="FrameTooLargeError",
    message="the JPEG has 1,400,000 bytes; expected at most 1,048,576",
    attempts=1,
    size=1_400_000,
    redrives=(_SENDING,),
)
_DETAIL = LetterDetail(letter=_LETTER, headers=(HeaderEntry(name="ce_camera", text="entrance"),), history=(_SENDING,))
_OUTCOME = OutcomeEntry(address=_SENDING.address, outcome=Done.REDRIVEN, to="face-detection/0/2046", number=2)
_REDRIVEN = Redriven(redriven=1, outcomes=[_OUTCOME])


@router.get("/dead-letters", responses=documented(DeadLetters(letters=[_LETTER], next=None, known=1), 422, 503))
async def dead_letters(
    services: ServicesDep,
    camera: parameters.Camera = None,
    model: parameters.Model = None,
    error: Error = None,
    since: Since = None,
    limit: Limit = 50,
    before: Before = None,
) -> DeadLetters:
    """List the newest dead letters, with what became of those that were sent again."""
    window = Window.parse(since, None, now=datetime.now(UTC))
    wanted = LetterFilter(model, camera, error, window.since if window else None)
    desk = services.dead_letters

    def find() -> DeadLetters:
        found = desk.find(wanted, before=_place(before) if before else None)
        more = _name(found[limit - 1]) if len(found) > limit else None
        return DeadLetters(letters=desk.entries(found[:limit]), next=more, known=desk.known)

    return await run_in_threadpool(find)


@router.get("/dead-letters/{model}/{partition}/{offset}", responses=documented(_DETAIL, 404, 422, 503))
async def dead_letter(
    services: ServicesDep,
    model: parameters.ModelPath,
    partition: parameters.PartitionPath,
    offset: parameters.OffsetPath,
) -> LetterDetail:
    """Get everything about the dead letter of the frame at an address but its bytes."""
    return await run_in_threadpool(services.dead_letters.detail, FrameAddress(model, partition, offset))


@router.get(
    "/dead-letters/{model}/{partition}/{offset}/value",
    response_class=BytesResponse,
    responses=problems(404, 410, 422, 503),
)
async def dead_letter_value(
    services: ServicesDep,
    model: parameters.ModelPath,
    partition: parameters.PartitionPath,
    offset: parameters.OffsetPath,
) -> Response:
    """Get a dead letter's original bytes, to be saved and not to be shown: nobody knows what they are."""
    original = await run_in_threadpool(services.dead_letters.original, FrameAddress(model, partition, offset))
    headers = {
        "content-disposition": f'attachment; filename="{model}-{partition}-{offset}.bin"',
        "cache-control": "no-store",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return BytesResponse(original.value or b"", headers=headers)


@router.post(
    "/dead-letters/redrive",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Redriven,
    responses={
        **problems(404, 409, 410, 422, 503),
        202: {"content": {"application/json": {"example": _REDRIVEN.model_dump(mode="json")}}},
        207: {"model": Redriven, "description": "Some were sent again, or of several none was: see each outcome"},
    },
)
async def redrive(services: ServicesDep, request: RedriveRequest) -> Response:
    """Send dead letters again: the original bytes and headers, in a lane that is never shed.

    202: all of them are in the log again, at their new addresses. 207: not all; each outcome says why. A single letter
    that is not sent again is a problem: 404 where there is none, 409 where it was sent again already and has not died
    since, or its model is unknown, 410 where its bytes are nowhere any more, 503 where Kafka did not take it.
    """
    outcomes: list[Outcome] = []
    addresses = [FrameAddress.parse(address) for address in request.addresses]
    await run_in_threadpool(services.dead_letters.redrive, addresses, again=request.again, report=outcomes.append)
    redriven = sum(outcome.done is Done.REDRIVEN for outcome in outcomes)
    if not redriven and len(outcomes) == 1:
        return problem(_STATUS[outcomes[0].done], f"dead letter {outcomes[0].address}: {outcomes[0].detail}")
    body = Redriven(redriven=redriven, outcomes=[OutcomeEntry.of(outcome) for outcome in outcomes])
    status = HTTPStatus.ACCEPTED if redriven == len(outcomes) else HTTPStatus.MULTI_STATUS
    return JSONResponse(body.model_dump(mode="json"), status)


def _name(letter: Letter) -> str:
    """A letter's place among all as text."""
    partition, offset = letter.place
    return f"{round(letter.at.timestamp() * 1000)}-{partition}-{offset}"


def _place(name: str) -> tuple[datetime, tuple[int, int]]:
    moment, partition, offset = (int(part) for part in name.split("-"))
    return datetime.fromtimestamp(moment / 1000, UTC), (partition, offset)
