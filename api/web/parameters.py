"""Query and path parameters that several routes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from api.frames.reader import Expected
from api.log import cursor as cursors
from api.services import Services, ServicesDep
from api.store import ResultFilter
from api.stream.ids import MOST_CHARACTERS
from schemas.names import IDENTIFIER
from schemas.window import MOMENT, Window, milliseconds

_PATTERN = f"^{IDENTIFIER.pattern}$"

Camera = Annotated[str | None, Query(pattern=_PATTERN, description="Only this camera's results.")]
Model = Annotated[str | None, Query(pattern=_PATTERN, description="Only this model's results.")]
Label = Annotated[str | None, Query(max_length=128, description="Only results with a detection of this label.")]
MinScore = Annotated[
    float | None, Query(ge=0, le=1, description="Only results with a detection of at least this score, 0 to 1.")
]
Coalesce = Annotated[
    int,
    Query(
        ge=0,
        le=100,
        description="At least so many milliseconds lie between two writes: what comes meanwhile is sent at once.",
    ),
]
LastEventId = Annotated[
    str | None,
    Query(max_length=MOST_CHARACTERS, description="The id of the last event that was received: go on behind it."),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many results.")]

CameraPath = Annotated[str, Path(pattern=_PATTERN, description="A camera's id.")]
ModelPath = Annotated[str, Path(pattern=_PATTERN, description="A model of the catalogue.")]
PartitionPath = Annotated[int, Path(ge=0, lt=2**31, description="A partition of the model's frames topic.")]
OffsetPath = Annotated[int, Path(ge=0, lt=2**63, description="An offset in that partition.")]


def _wanted(
    services: ServicesDep, camera: Camera = None, model: Model = None, label: Label = None, min_score: MinScore = None
) -> ResultFilter:
    return result_filter(services, camera=camera, model=model, label=label, min_score=min_score)


Wanted = Annotated[ResultFilter, Depends(_wanted)]
"""The results that a request asks for."""


def result_filter(
    services: Services, *, camera: str | None, model: str | None, label: str | None, min_score: float | None
) -> ResultFilter:
    """The filter of a request.

    Raises:
        CatalogueError: The model is not in the catalogue, so that no result could ever match.
    """
    if model is not None:
        services.catalogue.get(model)
    return ResultFilter(camera=camera, model=model, label=label, min_score=min_score)


_FILTER: TypeAdapter[ResultFilter] = TypeAdapter(ResultFilter)
_ASKED = frozenset(field.name for field in fields(ResultFilter))


def filter_of(services: Services, question: Mapping[str, Any]) -> ResultFilter:
    """The filter that a cursor was given for; a client may have written the cursor itself.

    Raises:
        CursorError: It is no filter.
        CatalogueError: The model is not in the catalogue.
    """
    try:
        wanted = _FILTER.validate_python(question)
    except ValidationError:
        wanted = None
    if wanted is None or question.keys() - _ASKED:
        raise cursors.CursorError("the cursor is of another question: expected the `next` of an answer to this one")
    if wanted.model is not None:
        services.catalogue.get(wanted.model)
    return wanted


Moment = Annotated[
    AwareDatetime | None, Query(description="Only if the frame was captured then, to the microsecond: else 409.")
]


async def _expected(
    camera: Annotated[str | None, Query(pattern=_PATTERN, description="Only if it is this camera's: else 409.")] = None,
    run: Annotated[int | None, Query(ge=0, lt=2**63, description="Only if it is of this run: else 409.")] = None,
    seq: Annotated[int | None, Query(ge=0, lt=2**63, description="Only if it has this number: else 409.")] = None,
    captured_at: Moment = None,
) -> Expected:
    return Expected(camera, run, seq, captured_at)


ExpectedDep = Annotated[Expected, Depends(_expected)]
"""Which frame the caller means, as its result says."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the log an answer begins: in a window of time, or behind another answer."""

    window: Window | None = None
    behind: cursors.Cursor | None = None

    def cursor(self, wanted: ResultFilter) -> cursors.Cursor | None:
        """Where to read what is `wanted`; None: no place was named.

        Raises:
            CursorError: It is behind an answer about something else.
        """
        if self.behind is not None:
            self.behind.check(wanted.question())
            return self.behind
        if self.window is None:
            return None
        since, until = (milliseconds(one) if one else None for one in (self.window.since, self.window.until))
        return cursors.Cursor({}, since or 0, until, wanted.question())


async def _place(
    since: Annotated[
        str | None, Query(max_length=64, description=f"Only what was appended then or later: {MOMENT}.")
    ] = None,
    until: Annotated[str | None, Query(max_length=64, description=f"Only what was appended before: {MOMENT}.")] = None,
    cursor: Annotated[
        str | None,
        Query(
            pattern=f"^[A-Za-z0-9._-]{{1,{cursors.LONGEST}}}$",
            description="Go on behind an answer: its `next` or `resume`, which hold the filters and the window.",
        ),
    ] = None,
) -> Place:
    if cursor is not None:
        return Place(behind=cursors.Cursor.decode(cursor))
    return Place(Window.parse(since, until, now=datetime.now(UTC)))


PlaceDep = Annotated[Place, Depends(_place)]
"""Where an answer begins that is read straight from the log."""
