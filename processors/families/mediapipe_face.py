"""MediaPipe's full-range face detector: a box, six keypoints and a score for each cell of four by four pixels.

Source: V. Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, and MediaPipe's
graph for its full-range model.
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

INPUT: Final = {"mean": [127.5] * 3, "scale": [1 / 127.5] * 3, "resize": "letterbox"}
OUTPUTS: Final = ("regressors", "logits")
_CELL: Final = 4
"""Pixels of the input for each cell; an anchor lies at the middle of each."""
_KEYPOINTS: Final = 6
_NUMBERS: Final = 4 + 2 * _KEYPOINTS


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw.

    For each cell, row by row: `regressors` [1, n, 16] are the centre's (x, y) from the anchor, width and height, and
    six (x, y) from the anchor (eyes, nose, mouth, ears), all in pixels of the input; `logits` [1, n, 1] the score's.

    Raises:
        ModelError: They are not of these shapes.
    """
    regressors, logits = outputs["regressors"], outputs["logits"]
    columns, rows = model.input.width // _CELL, model.input.height // _CELL
    expected = (1, rows * columns, _NUMBERS), (1, rows * columns, 1)
    if (regressors.shape, logits.shape) != expected:
        found = f"{list(regressors.shape)} and {list(logits.shape)}"
        raise ModelError(f"regressors and logits {found}; expected {list(expected[0])} and {list(expected[1])}")
    scores = _sigmoid(logits[0, :, 0])
    cells = np.flatnonzero(scores >= model.outputs.threshold)
    if not cells.size:
        return ()
    anchors = (np.stack((cells % columns, cells // columns), axis=1) + 0.5) * _CELL
    numbers = regressors[0, cells]
    centres, halves = anchors + numbers[:, :2], numbers[:, 2:4] / 2
    return detections(
        np.concatenate((centres - halves, centres + halves), axis=1),
        scores[cells],
        np.zeros(cells.size, dtype=np.intp),
        model=model,
        placement=placement,
        keypoints=anchors[:, None] + numbers[:, 4:].reshape(-1, _KEYPOINTS, 2),
    )


def _sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x) as a hyperbolic tangent, which no logit is too large for."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits))
