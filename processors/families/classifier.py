"""Classifiers: a score for each label, of the picture as a whole."""

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

OUTPUTS: Final = ("scores",)
_TOLERANCE: Final = 0.02
"""How far from 1 the sum of probabilities may be: with the 8 bits of a bfloat16, a hundredth is usual."""


def decode(outputs: Mapping[str, Floats], model: Model, placement: Placement) -> tuple[Detection, ...]:
    """What the network saw: each label whose score passes, and its box is the whole frame.

    `scores` [1, labels], one for each label by rising number: probabilities, or logits, which are not all from 0 on
    with a sum of 1.

    Raises:
        ModelError: They are not of this shape, or whole numbers: of what scale is anybody's guess.
    """
    scores = outputs["scores"]
    expected = (1, len(model.labels))
    if scores.shape != expected or not np.issubdtype(scores.dtype, np.floating):
        raise ModelError(f"scores {list(scores.shape)} of {scores.dtype}; expected {list(expected)} of floats")
    parts = _probabilities(scores[0].astype(np.float64))
    hits = np.flatnonzero(parts >= model.outputs.threshold)
    whole = np.array((0, 0, model.input.width, model.input.height), dtype=np.float64)
    return detections(
        np.tile(whole, (hits.size, 1)),
        parts[hits],
        np.array(sorted(model.labels))[hits],
        model=model,
        placement=placement,
    )


def count(shapes: Shapes) -> int | None:
    """How many labels a network has: a column of scores for each."""
    return shapes["scores"][-1] if shapes["scores"] else None


def _probabilities(scores: Floats) -> Floats:
    if scores.min() >= 0 and abs(scores.sum() - 1) <= _TOLERANCE:
        return np.minimum(scores, 1.0)
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())
