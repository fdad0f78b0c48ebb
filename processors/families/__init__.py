"""Families of networks: each says which outputs it needs and what they mean, as pure functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from processors.families import centerface, classifier, embedding, mediapipe_face, movenet, ssd, yolo
from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.errors import ModelError
from schemas.messages import Detection

Decoder = Callable[[Mapping[str, Floats], Model, Placement], tuple[Detection, ...]]
"""From a network's outputs by name to detections in pixels of the frame."""


@dataclass(frozen=True, slots=True)
class Family:
    """What networks of one kind have in common: the names of their outputs, and how to read them.

    Where it is one name, and a network has one output, that is the output meant, whatever the network calls it.
    """

    outputs: tuple[str, ...]
    decode: Decoder


FAMILIES: Final[Mapping[str, Family]] = {
    "ssd": Family(ssd.OUTPUTS, ssd.decode),
    "centerface": Family(centerface.OUTPUTS, centerface.decode),
    "mediapipe-face": Family(mediapipe_face.OUTPUTS, mediapipe_face.decode),
    "yolo": Family(yolo.OUTPUTS, yolo.decode),
    "classifier": Family(classifier.OUTPUTS, classifier.decode),
    "movenet": Family(movenet.OUTPUTS, movenet.decode),
    "embedding": Family(embedding.OUTPUTS, embedding.decode),
}


def family_of(model: Model) -> Family:
    """The family of `model`.

    Raises:
        ModelError: Nobody knows how to read the outputs of this family.
    """
    try:
        return FAMILIES[model.family]
    except KeyError:
        expected = ", ".join(FAMILIES)
        raise ModelError(f"model {model.name}: family {model.family!r}; expected one of {expected}") from None


__all__ = ["FAMILIES", "Decoder", "Family", "Placement", "family_of"]
