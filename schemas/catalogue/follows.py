"""What a second stage follows: whose detections it gets, and how they are cut out of the frame."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from schemas.catalogue.source import Entry
from schemas.messages._base import Identifier

MOST_CROPS: Final = 1_000
"""Crops of one frame for one model: what a frame may cost is bounded, however much was seen in it."""
_LEAST_POINTS: Final = 2
"""Points that say where something is, how large and how turned."""

Share = Annotated[float, Field(ge=0, le=2)]
Point = tuple[float, float]


def _check_points(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(points) < _LEAST_POINTS or len(set(points)) < len(points):
        raise ValueError(f"expected {_LEAST_POINTS} or more places, each another one")
    return points


class Follows(Entry):
    """A second stage: it gets what `model` saw, one crop for each detection that has one of `labels`.

    `margin` is what a crop shows beyond the box on each side, as parts of its width and of its height. `min_size` is in
    pixels of the frame: a box that is narrower or lower gets no crop. `align` are places in this model's input, in
    pixels, one for each of the detection's first keypoints: the crop is turned, scaled and moved so that they lie
    there, and `margin` does not count. Of one frame at most `limit` crops are made, the first ones.
    """

    model: Identifier
    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    margin: tuple[Share, Share] = (0.0, 0.0)
    min_size: Annotated[int, Field(ge=1, le=8192)] = 16
    align: Annotated[tuple[Point, ...], AfterValidator(_check_points)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_CROPS)] = 16
