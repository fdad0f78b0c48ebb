"""SSD: boxes and class scores for fixed anchors, already decoded by the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from processors.families.detections import detections
from processors.families.family import Shapes
from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.messages import Detection

OUTPUTS: Final = ("boxes", "scores")


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw.

    `boxes` [1, n, 1, 4] are (ymin, xmin, ymax, xmax) as parts of the input; `scores` [1, n, labels] are from 0 to 1,
    with a column for each label by rising number.
    """
    scores = outputs["scores"][0]
    # One pass over all scores as they lie in memory, of which usually a few pass, or none.
    hits = np.flatnonzero(scores >= model.outputs.threshold)
    if not hits.size:
        return ()
    anchors, columns = np.divmod(hits, scores.shape[1])
    size = (model.input.width, model.input.height) * 2
    boxes = outputs["boxes"][0, anchors, 0][:, (1, 0, 3, 2)] * size
    classes = np.array(sorted(model.labels))[columns]
    return detections(boxes, scores[anchors, columns], classes, model=model, placement=placement)


def count(shapes: Shapes) -> int | None:
    """How many labels a network has: a column of scores for each."""
    return shapes["scores"][-1] if shapes["scores"] else None
