"""`GET /api/v1/skips`: the frames that were not inferred on purpose, straight from the log."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from confluent_kafka import Message
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.log.cursor import Cursor
from api.log.kafka import appended_at
from api.log.pages import LogPage
from api.routes.prefix import API
from api.services import Services, ServicesDep
from api.web import parameters
from api.web.documented import documented
from schemas.errors import MessageError
from schemas.messages import Skip
from schemas.messages._base import Timestamp

router = APIRouter(prefix=API, tags=["skips"])


class SkipEntry(BaseModel):
    """Frames of one camera that lie side by side in a partition, from the offset `first` to `last`.

    `reason` is `stale` (older than the model's `max_age` while its workers shed), `expired` (retention took them
    unread, so that `camera` is null), or what only a newer release knows. `at` is when that was recorded.
    """

    model: str
    partition: int
    first: int
    last: int
    frames: int
    camera: str | None
    reason: str
    at: Timestamp


class Skips(BaseModel):
    """What was skipped, in the order in which it was recorded; `next`, `resume` and `missed` are those of results."""

    skips: list[SkipEntry]
    next: str | None
    resume: str
    missed: int


_EXAMPLE = Skips(
    skips=[
        SkipEntry(
            model="face-detection",
            partition=3,
            first=1240,
            last=1251,
            frames=12,
            camera="entrance",
            reason="stale",
            at=datetime(2026, 1, 31, 12, tzinfo=UTC),
        )
    ],
    next=None,
    resume="1.eNqLjlZKSixOjS9KLcnMS1WyiolVAgA0pwWv",
    missed=0,
)


@router.get("/skips", responses=documented(_EXAMPLE, 404, 409, 422, 503))
async def skips(
    services: ServicesDep,
    place: parameters.PlaceDep,
    camera: parameters.Camera = None,
    model: parameters.Model = None,
    limit: parameters.Limit = 100,
) -> Skips:
    """List frames that were skipped, page by page; without `since` and `cursor` from the first that is left on.

    A record of skipped frames is not cut in two: where one alone has more entries than `limit`, a page has more too.
    """
    wanted = parameters.result_filter(services, camera=camera, model=model, label=None, min_score=None)
    begin = place.cursor(wanted) or Cursor({}, question=wanted.question())
    page = await run_in_threadpool(_page, services, begin, limit)
    return Skips(skips=page.found, next=page.next, resume=page.resume, missed=page.missed)


def _page(services: Services, begin: Cursor, limit: int) -> LogPage[SkipEntry]:
    wanted = parameters.filter_of(services, begin.question)

    def take(message: Message) -> list[SkipEntry]:
        with suppress(MessageError):  # an audit names it
            skip, at = Skip.from_json(message.value()), appended_at(message)
            if wanted.model in (None, skip.model):
                return [entry for entry in _entries(skip, at) if wanted.camera in (None, entry.camera)]
        return []

    return services.pages.read([services.names.skips], begin, take, limit=limit)


def _entries(skip: Skip, at: datetime) -> list[SkipEntry]:
    return [
        SkipEntry(
            model=skip.model,
            partition=ranges.partition,
            first=first,
            last=last,
            frames=last - first + 1,
            camera=skipped.camera,
            reason=str(skip.reason),
            at=at,
        )
        for skipped in skip.skipped
        for ranges in skipped.frames
        for first, last in ranges.ranges
    ]
