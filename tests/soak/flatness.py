"""Whether a quantity stayed flat: a robust slope and the medians of the first and the last quarter. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much a quantity may rise in an hour: an amount, or a share of what it was, whichever is more."""

    amount: float
    share: float = 0.0

    def of(self, level: float) -> float:
        """The rise that is tolerated from `level`."""
        return max(self.amount, self.share * level)


@dataclass(frozen=True, slots=True)
class Trend:
    """How a quantity went over `hours`: its medians in the first and the last quarter, and its rise in an hour."""

    first: float
    last: float
    slope: float
    hours: float

    @classmethod
    def of(cls, seconds: Sequence[float], values: Sequence[float]) -> Trend:
        """The trend of `values` at `seconds`, which ascend.

        Raises:
            ValueError: There are fewer than 8 samples.
        """
        if len(values) < 8:
            raise ValueError(f"{len(values)} samples: expected 8 or more")
        quarter = len(values) // 4
        return cls(
            first=statistics.median(values[:quarter]),
            last=statistics.median(values[-quarter:]),
            slope=3600 * theil_sen(seconds, values),
            hours=(seconds[-1] - seconds[0]) / 3600,
        )

    def is_flat(self, tolerance: Tolerance) -> bool:
        """Whether it rose by no more than `tolerance`, by its slope or by its medians.

        Both must exceed it: a step leaves the medians apart and the slope small, a burst at one end the other way
        round; what leaks does both. A run of less than an hour may rise as much as one of an hour.
        """
        allowed = tolerance.of(self.first) * max(self.hours, 1.0)
        return min(self.last - self.first, self.slope * self.hours) <= allowed


def theil_sen(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The median slope over all pairs of points, which a quarter of wild points does not move."""
    points = zip(xs, ys, strict=True)
    return statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 != x1)
