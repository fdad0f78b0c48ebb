"""Query and path parameters that several routes share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import TypeAdapter, ValidationError

from api import cursor
from api.services import Services
from api.store import ResultFilter
from schemas.names import IDENTIFIER
from schemas.window import MOMENT

_PATTERN = f"^{IDENTIFIER.pattern}$"

Camera = Annotated[str | None, Query(pattern=_PATTERN, description="Only this camera's results.")]
Model = Annotated[str | None, Query(pattern=_PATTERN, description="Only this model's results.")]
Label = Annotated[str | None, Query(max_length=128, description="Only results with a detection of this label.")]
MinScore = Annotated[
    float | None, Query(ge=0, le=1, description="Only results with a detection of at least this score, 0 to 1.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many results.")]
Since = Annotated[str | None, Query(max_length=64, description=f"Only what was appended then or later: {MOMENT}.")]
Until = Annotated[str | None, Query(max_length=64, description=f"Only what was appended before: {MOMENT}.")]
Cursor = Annotated[
    str | None,
    Query(
        pattern=f"^[A-Za-z0-9._-]{{1,{cursor.LONGEST}}}$",
        description="Go on behind this place: an answer's `next` or `resume`.",
    ),
]

CameraPath = Annotated[str, Path(pattern=_PATTERN, description="A camera's id.")]
ModelPath = Annotated[str, Path(pattern=_PATTERN, description="A model of the catalogue.")]
PartitionPath = Annotated[int, Path(ge=0, lt=2**31, description="A partition of the model's frames topic.")]
OffsetPath = Annotated[int, Path(ge=0, lt=2**63, description="An offset in that partition.")]


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


def filter_of(services: Services, question: Mapping[str, Any]) -> ResultFilter:
    """The filter that a cursor was given for; a client may have written the cursor itself.

    Raises:
        CursorError: It is no filter.
        CatalogueError: The model is not in the catalogue.
    """
    try:
        wanted = _FILTER.validate_python(question)
    except ValidationError:
        raise cursor.CursorError("the cursor is of no such question: expected the `next` of an answer") from None
    if wanted.model is not None:
        services.catalogue.get(wanted.model)
    return wanted
