"""Families of networks: each says which outputs it needs and what they mean, as pure functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from processors.families import centerface, classifier, embedding, mediapipe_face, movenet, ssd, yolo
from processors.families.family import Decoder, Family
from processors.families.geometry import Placement
from processors.families.installed import installed_family, installed_names
from schemas.catalogue import Model
from schemas.errors import ModelError

FAMILIES: Final[Mapping[str, Family]] = {
    "ssd": Family(ssd.OUTPUTS, ssd.decode),
    "centerface": Family(centerface.OUTPUTS, centerface.decode),
    "mediapipe-face": Family(mediapipe_face.OUTPUTS, mediapipe_face.decode),
    "yolo": Family(yolo.OUTPUTS, yolo.decode),
    "classifier": Family(classifier.OUTPUTS, classifier.decode),
    "movenet": Family(movenet.OUTPUTS, movenet.decode),
    "embedding": Family(embedding.OUTPUTS, embedding.decode),
}


def family_names() -> tuple[str, ...]:
    """What they are called: ours, and those that installed distributions bring."""
    return (*FAMILIES, *installed_names())


def family_of(model: Model) -> Family:
    """The family of `model`: one of ours, or one that an installed distribution brings.

    Raises:
        ModelError: Nobody knows how to read the outputs of this family, two do, or who does cannot be loaded.
    """
    own = FAMILIES.get(model.family)
    family = installed_family(model.family, builtin=own is not None) or own
    if family is None:
        raise ModelError(f"model {model.name}: family {model.family!r}; expected one of {', '.join(family_names())}")
    return family


__all__ = ["FAMILIES", "Decoder", "Family", "Placement", "family_names", "family_of"]
