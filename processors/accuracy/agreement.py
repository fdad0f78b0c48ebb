"""How far the detections of one tier of a network agree with those of its float32: matched boxes, counted by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from processors.families.geometry import iou
from schemas.messages import Detection

IOU: Final = 0.5
"""From which overlap on two boxes of one label are the same thing."""

Pair = tuple[Sequence[Detection], Sequence[Detection]]
"""What float32 and another tier saw in the same frame."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Detections over all frames: of `reference`, of `found`, and those that are in both."""

    reference: int = 0
    found: int = 0
    matched: int = 0

    @property
    def recall(self) -> float | None:
        """The part of the reference that was found too, from 0 to 1; None where there is none."""
        return self.matched / self.reference if self.reference else None

    @property
    def precision(self) -> float | None:
        """The part of what was found that is in the reference, from 0 to 1; None where nothing was found."""
        return self.matched / self.found if self.found else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The counts of each label that one of the two saw, and of all labels together."""

    labels: Mapping[str, Counts]

    @property
    def all(self) -> Counts:
        """Every label's counts together."""
        counts = self.labels.values()
        return Counts(
            sum(one.reference for one in counts), sum(one.found for one in counts), sum(one.matched for one in counts)
        )


def agreement(frames: Iterable[Pair]) -> Agreement:
    """How far the second of each pair agrees with the first, the reference.

    In each frame the found detections take turns by falling score; each is matched with the detection of its label
    that it overlaps most, of those that are not matched yet, if their IoU is at least `IOU`.
    """
    reference: Counter[str] = Counter()
    found: Counter[str] = Counter()
    matched: Counter[str] = Counter()
    for expected, seen in frames:
        reference.update(item.label for item in expected)
        found.update(item.label for item in seen)
        matched.update(_matched(expected, seen))
    labels = sorted(reference.keys() | found.keys())
    return Agreement({label: Counts(reference[label], found[label], matched[label]) for label in labels})


def _matched(expected: Sequence[Detection], seen: Sequence[Detection]) -> list[str]:
    """The labels of those of `seen` that have a partner of their own in `expected`."""
    free = list(expected)
    labels = []
    for item in sorted(seen, key=lambda one: -one.score):
        rivals = [index for index, other in enumerate(free) if other.label == item.label]
        if not rivals:
            continue
        overlaps = iou(np.array(item.box), np.array([free[index].box for index in rivals]))
        best = int(overlaps.argmax())
        if overlaps[best] >= IOU:
            del free[rivals[best]]
            labels.append(item.label)
    return labels
