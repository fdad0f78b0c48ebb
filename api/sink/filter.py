"""Which results a receiver wants: pure."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.messages import Detection, Result


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Results of some cameras, with a detection that has one of some labels and at least some score.

    Without `labels` and `min_score` results without any detection pass too: to have looked and seen nothing is a
    result. Without `cameras` those of all pass.
    """

    cameras: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    min_score: float | None = None

    def passes(self, result: Result) -> bool:
        """Whether the receiver wants it, all of it."""
        if self.cameras and result.frame.camera not in self.cameras:
            return False
        if not self.labels and self.min_score is None:
            return True
        return any(map(self._wanted, result.detections))

    def _wanted(self, found: Detection) -> bool:
        return (not self.labels or found.label in self.labels) and found.score >= (self.min_score or 0.0)
