"""An area of a camera's picture: the one polygon of masks, regions and zones."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Annotated, Final

from pydantic import AfterValidator, Field

MOST_POINTS: Final = 64

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
"""A place in a picture: the shares of its width, from the left, and of its height, from the top."""


def _simple(value: tuple[Point, ...]) -> tuple[Point, ...]:
    edges = list(pairwise((*value, value[0])))
    if any(start == end for start, end in edges):
        raise ValueError("expected each point once, and the last one not to be the first")
    for (one, first), (other, second) in combinations(enumerate(edges), 2):
        neighbours = other - one in (1, len(edges) - 1)
        if not neighbours and _cross(first, second):
            raise ValueError("expected edges that do not cross")
    if area(value) == 0:
        raise ValueError("expected an area: the points are on one line")
    return value


Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=MOST_POINTS), AfterValidator(_simple)]
"""An area of the picture as it is sent, after rotation: its corners in order, of which the last joins the first."""


def area(polygon: tuple[Point, ...]) -> float:
    """The share of the picture that the polygon has, 0 to 1."""
    edges = pairwise((*polygon, polygon[0]))
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges)) / 2


def _cross(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = first, second
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0 and _boxes_meet(first, second)


def _side(a: Point, b: Point, c: Point) -> float:
    """On which side of the line from `a` to `b` the point `c` is: its sign."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _boxes_meet(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Whether the edges' boxes overlap: two on one line are on no side of each other."""
    return all(
        max(first[0][axis], first[1][axis]) >= min(second[0][axis], second[1][axis])
        and max(second[0][axis], second[1][axis]) >= min(first[0][axis], first[1][axis])
        for axis in (0, 1)
    )
