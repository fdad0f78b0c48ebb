"""Where a frame lies in a network's input, and boxes: plain arrays of (x1, y1, x2, y2), one a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.catalogue import InputSpec, Resize

Floats: TypeAlias = NDArray[np.floating[Any]]
Integers: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Placement:
    """How a frame of `width` × `height` pixels lies in a network's input.

    It is resized to `inner_width` × `inner_height`, its corner at (`left`, `top`).
    """

    width: int
    height: int
    inner_width: int
    inner_height: int
    left: int = 0
    top: int = 0

    @classmethod
    def of(cls, spec: InputSpec, width: int, height: int) -> Self:
        """How a frame of `width` × `height` pixels is fitted to the input that `spec` describes."""
        if spec.resize is Resize.STRETCH:
            return cls(width, height, spec.width, spec.height)
        scale = min(spec.width / width, spec.height / height)
        inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (spec.width - inner_width) // 2, (spec.height - inner_height) // 2
        return cls(width, height, inner_width, inner_height, left, top)

    def to_frame(self, points: Floats) -> Floats:
        """Pixels of the input as pixels of the frame: `points` [..., 2 * n], x and y in turn; not clipped."""
        pairs = points.reshape(*points.shape[:-1], points.shape[-1] // 2, 2)
        origin = (self.left, self.top)
        scale = (self.width / self.inner_width, self.height / self.inner_height)
        return np.reshape((pairs - origin) * scale, points.shape)

    def clip(self, boxes: Floats) -> Floats:
        """`boxes` [n, 4] in pixels of the frame, cut off at its edges."""
        return np.clip(boxes, 0.0, (self.width, self.height, self.width, self.height))


def areas(boxes: Floats) -> Floats:
    """The areas of `boxes` [n, 4]; 0 where a box is turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def iou(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of `box` [4] with each of `boxes` [n, 4], from 0 to 1; 0 where both are empty."""
    shared = areas(np.concatenate((np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])), axis=1))
    union = areas(box[None])[0] + areas(boxes) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def suppress(boxes: Floats, scores: Floats, classes: Integers, *, threshold: float, limit: int) -> Integers:
    """Non-maximum suppression within each class: which rows stay, the highest score first, at most `limit`.

    A row goes where its IoU with a stronger one of its class is above `threshold`. Equal scores keep their order.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size and len(kept) < limit:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        same = (classes[rest] == classes[best]) & (iou(boxes[best], boxes[rest]) > threshold)
        order = rest[~same]
    return np.array(kept, dtype=np.intp)
