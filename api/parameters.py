"""Query and path parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from api.services import Services, ServicesDep
from api.store import ResultFilter
from api.stream.ids import MOST_CHARACTERS
from schemas.names import IDENTIFIER

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
