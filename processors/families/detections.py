"""The last step that all families share: candidates in, detections of the contract out."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.families.geometry import Floats, Integers, Placement, areas, suppress
from schemas.catalogue import Model
from schemas.messages import Detection

MOST_CANDIDATES: Final = 1000
"""Of more candidates the weakest go before suppression, which costs their number squared."""
_SCORE_DIGITS: Final = 4
_PIXEL_DIGITS: Final = 1


def detections(
    boxes: Floats,
    scores: Floats,
    classes: Integers,
    *,
    model: Model,
    placement: Placement,
    keypoints: Floats | None = None,
) -> tuple[Detection, ...]:
    """Detections by falling score, clipped to the frame.

    `boxes` [n, 4] and `keypoints` [n, k, 2 or 3] are (x, y) in pixels of the network's input, a keypoint's third number
    its score; `scores` [n] are from 0 to 1, `classes` [n] numbers that `model` has labels for. A box that has nothing
    in the frame is no detection.
    """
    boxes = placement.clip(placement.to_frame(boxes))
    candidates = np.flatnonzero(areas(boxes) > 0)
    if candidates.size > MOST_CANDIDATES:
        strongest = np.argsort(-scores[candidates], kind="stable")[:MOST_CANDIDATES]
        candidates = candidates[strongest]
    kept = candidates[
        suppress(
            boxes[candidates],
            scores[candidates],
            classes[candidates],
            threshold=model.outputs.nms_iou,
            limit=model.outputs.limit,
        )
    ]
    points = None if keypoints is None else _points(keypoints[kept], placement)
    return tuple(
        Detection(
            label=model.labels[number],
            score=score,
            box=box,
            keypoints=None if points is None else tuple(map(tuple, points[row].tolist())),
        )
        for row, (number, score, box) in enumerate(
            zip(
                classes[kept].tolist(),
                np.round(scores[kept].astype(np.float64), _SCORE_DIGITS).tolist(),
                np.round(boxes[kept].astype(np.float64), _PIXEL_DIGITS).tolist(),
                strict=True,
            )
        )
    )


def _points(keypoints: Floats, placement: Placement) -> Floats:
    """Keypoints in pixels of the frame, rounded; their scores, if they have any, stay."""
    pixels = np.round(placement.to_frame(keypoints[..., :2]), _PIXEL_DIGITS)
    return np.concatenate((pixels, np.round(keypoints[..., 2:].astype(np.float64), _SCORE_DIGITS)), axis=-1)
