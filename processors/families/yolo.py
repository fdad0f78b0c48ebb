"""YOLO: boxes and class scores, decoded by the network; with objectness (version 5) or without it (8 and 11).

Source: the detection heads that Ultralytics exports, without NMS in the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from processors.families.detections import detections
from processors.families.family import Shapes
from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.errors import ModelError
from schemas.messages import Detection

OUTPUTS: Final = ("rows",)
INPUT: Final = {"scale": [1 / 255] * 3, "resize": "letterbox"}
_BOX: Final = 4


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw.

    `rows` are [1, n, 5 + labels] (centre x, y, width, height, objectness, class scores) or [1, 4 + labels, n] (without
    objectness): boxes in pixels of the input, scores from 0 to 1, one for each label by rising number. The score of a
    box is its best class's, times its objectness.

    Raises:
        ModelError: The shape is neither, or both.
    """
    boxes, scores = _split(outputs["rows"], len(model.labels))
    strengths = scores.max(axis=1)
    hits = np.flatnonzero(strengths >= model.outputs.threshold)
    if not hits.size:
        return ()
    best = scores[hits].argmax(axis=1)
    centres, halves = boxes[hits, :2], boxes[hits, 2:] / 2
    return detections(
        np.concatenate((centres - halves, centres + halves), axis=1),
        strengths[hits],
        np.array(sorted(model.labels))[best],
        model=model,
        placement=placement,
    )


def count(shapes: Shapes) -> int | None:
    """How many labels a network has: there are more boxes than labels, so that the shape tells which head it is."""
    match shapes["rows"]:
        case (_, int(rows), int(columns)) if rows < columns:
            return rows - _BOX
        case (_, int(), int(columns)):
            return columns - _BOX - 1
    return None


def _split(rows: Floats, labels: int) -> tuple[Floats, Floats]:
    """Boxes [n, 4] and class scores [n, labels] of either kind of head."""
    shape = rows.shape
    flat = len(shape) == 3 and shape[0] == 1
    with_objectness = flat and shape[2] == _BOX + 1 + labels
    without = flat and shape[1] == _BOX + labels
    if with_objectness == without:
        expected = f"[1, n, {_BOX + 1 + labels}] or [1, {_BOX + labels}, n], and not both, for {labels} labels"
        raise ModelError(f"an output of {list(shape)}; expected {expected}")
    if with_objectness:
        return rows[0, :, :_BOX], rows[0, :, _BOX + 1 :] * rows[0, :, _BOX, None]
    return rows[0, :_BOX].T, rows[0, _BOX:].T
