"""`GET /api/v1/results`: the newest results, or those of a window of time straight from the log."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Final

from confluent_kafka import Message
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.log.cursor import Cursor
from api.log.pages import LogPage
from api.result_record import read_record
from api.routes.prefix import API
from api.services import Services, ServicesDep
from api.web import parameters
from api.web.documented import documented
from schemas.contract import RESULT
from schemas.errors import MessageError
from schemas.messages import Result

router = APIRouter(prefix=API, tags=["results"])

_PLAIN: Final = re.compile(r"[A-Za-z0-9 _-]+")
"""Labels that JSON has as they are, unless somebody escapes what need not be."""


class Results(BaseModel):
    """Results: the newest first; or with `since`, `until` or `cursor` in the order in which they were written.

    `next` is the `cursor` of the page that follows; null where all is told that was written before the request. A page
    may be shorter than `limit`, or empty, and have one all the same. `resume` is a `cursor` as well, there at the end
    too: it goes on with what is written later. `missed` counts records that retention took since the cursor was given.
    """

    results: list[Result]
    next: str | None
    resume: str | None
    missed: int


_EXAMPLE = Results(results=[RESULT], next="1.eNqLjlZKSixOjS9KLcnMS1WyiolVAgA0pwWv", resume=None, missed=0)


@router.get("/results", response_model=Results, responses=documented(_EXAMPLE, 404, 409, 422, 503))
async def results(
    services: ServicesDep, wanted: parameters.Wanted, place: parameters.PlaceDep, limit: parameters.Limit = 100
) -> Response:
    """List results.

    Without `since`, `until` and `cursor`: the newest of the last few thousand, newest first, and of each camera and
    model the last one however old; of frames that were sent again none. With one of them: those of the whole log, in
    the order in which the broker appended them, each once, page by page. A `cursor` has the window and the filters in
    it: filters beside it must be the same.
    """
    begin = place.cursor(wanted)
    if begin is None:
        records = services.results.recent(wanted, limit=limit)
        return _answer([record.value for record in records])
    page = await run_in_threadpool(_page, services, begin, limit)
    return _answer(page.found, page)


def _page(services: Services, begin: Cursor, limit: int) -> LogPage[bytes]:
    wanted = parameters.filter_of(services, begin.question)
    names = services.names
    models = [model.name for model in services.catalogue.models if wanted.model in (None, model.name)]
    key = wanted.camera.encode() if wanted.camera else None
    label = wanted.label.encode() if wanted.label and _PLAIN.fullmatch(wanted.label) else b""

    def take(message: Message) -> list[bytes]:
        if (key is not None and message.key() != key) or _lacks(message.value() or b"", label):
            return []
        with suppress(MessageError):  # whoever follows the log counts it
            record = read_record(message, names)
            return [record.value] if wanted.matches(record.result) else []
        return []

    return services.pages.read(map(names.results, models), begin, take, limit=limit)


def _lacks(value: bytes, word: bytes) -> bool:
    """Whether a JSON text cannot have the word in it, told without reading it: most of a log is read over."""
    return word not in value and b"\\u" not in value


def _answer(values: list[bytes], page: LogPage[bytes] | None = None) -> Response:
    # The records are JSON already, and were checked when they were read.
    rest = {
        "next": page.next if page else None,
        "resume": page.resume if page else None,
        "missed": page.missed if page else 0,
    }
    body = b'{"results":[' + b",".join(values) + b"]," + json.dumps(rest, separators=(",", ":")).encode()[1:]
    return Response(body, media_type="application/json")
