"""Embeddings: a vector of the picture as a whole, near to those of what looks alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.errors import ModelError
from schemas.messages import Detection

OUTPUTS: Final = ("embedding",)
_DIGITS: Final = 6
"""Of each number: as many as a float32 of a unit vector has."""


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw: one detection of the whole frame, with the first of the model's labels and a score of 1.

    `embedding` [1, d] becomes a vector of length 1 (L2). One that has no direction is no detection.

    Raises:
        ModelError: It is not of this shape.
    """
    found = outputs["embedding"]
    if found.ndim != 2 or found.shape[0] != 1:
        raise ModelError(f"an embedding {list(found.shape)}; expected [1, d]")
    vector = found[0].astype(np.float64)
    length = float(np.linalg.norm(vector))
    if not 0 < length < np.inf:
        return ()
    return (
        Detection(
            label=model.labels[min(model.labels)],
            score=1.0,
            box=(0.0, 0.0, float(placement.width), float(placement.height)),
            embedding=tuple(np.round(vector / length, _DIGITS).tolist()),
        ),
    )
