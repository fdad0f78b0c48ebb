"""MoveNet: one person with 17 keypoints, in COCO's order.

Source: TensorFlow's model card of MoveNet SinglePose, 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from processors.families.detections import detections
from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.errors import ModelError
from schemas.messages import Detection

INPUT: Final = {"resize": "letterbox"}
OUTPUTS: Final = ("keypoints",)
_SHAPE: Final = (1, 1, 17, 3)


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw: at most one person, with the first of the model's labels.

    `keypoints` [1, 1, 17, 3] are (y, x, score), y and x as parts of the input. The threshold is for keypoints: the box
    holds those that pass, and without two that span one there is nobody. The person's score is the mean of all 17.

    Raises:
        ModelError: They are not of this shape.
    """
    found = outputs["keypoints"]
    if found.shape != _SHAPE:
        raise ModelError(f"keypoints {list(found.shape)}; expected {list(_SHAPE)}")
    points = found[0, 0][:, (1, 0, 2)] * (model.input.width, model.input.height, 1)
    sure = points[points[:, 2] >= model.outputs.threshold, :2]
    if not sure.size:
        return ()
    return detections(
        np.concatenate((sure.min(axis=0), sure.max(axis=0)))[None],
        points[:, 2].mean(keepdims=True),
        np.array([min(model.labels)]),
        model=model,
        placement=placement,
        keypoints=points[None],
    )
