"""CenterFace: a heat map of face centres, with size, offset and five landmarks for each of its cells.

Source: X. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from processors.families.detections import detections
from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.messages import Detection

OUTPUTS: Final = ("heatmap", "scale", "offset", "landmarks")
_CELL: Final = 4
"""Pixels of the input for each cell of the maps."""
_LARGEST_SCALE: Final = 12.0
"""e^12 cells are more than any input has: a broken network must not give infinite boxes."""


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw.

    All maps are [1, channels, height / 4, width / 4]: `heatmap` the score, `scale` the logarithms of height and width
    in cells, `offset` the centre's (y, x) within its cell, `landmarks` five (y, x) as parts of the box.
    """
    heat = outputs["heatmap"][0, 0]
    rows, columns = np.nonzero(heat >= model.outputs.threshold)
    if not rows.size:
        return ()
    sizes = np.exp(np.minimum(outputs["scale"][0][:, rows, columns].T, _LARGEST_SCALE))[:, ::-1] * _CELL
    offsets = outputs["offset"][0][:, rows, columns].T[:, ::-1]
    centres = (np.stack((columns, rows), axis=1) + offsets + 0.5) * _CELL
    corners = centres - sizes / 2
    landmarks = outputs["landmarks"][0][:, rows, columns].T.reshape(-1, 5, 2)[:, :, ::-1]
    return detections(
        np.concatenate((corners, corners + sizes), axis=1),
        heat[rows, columns],
        np.zeros(rows.size, dtype=np.intp),
        model=model,
        placement=placement,
        keypoints=landmarks * sizes[:, None] + corners[:, None],
    )
