"""Families of networks: each says which outputs it needs and what they mean, as pure functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from processors.families import centerface, classifier, embedding, mediapipe_face, movenet, ssd, yolo
from processors.families.family import Decoder, Family
from processors.families.geometry import Placement
from processors.families.installed import installed_family, installed_names
from schemas.catalogue import Model
from schemas.catalogue.labels import FACE
from schemas.errors import ModelError

FAMILIES: Final[Mapping[str, Family]] = {
    "ssd": Family(ssd.OUTPUTS, ssd.decode, count=ssd.count),
    "centerface": Family(centerface.OUTPUTS, centerface.decode, labels=FACE),
    "mediapipe-face": Family(mediapipe_face.OUTPUTS, mediapipe_face.decode, labels=FACE, input=mediapipe_face.INPUT),
    "yolo": Family(yolo.OUTPUTS, yolo.decode, count=yolo.count, input=yolo.INPUT),
    "classifier": Family(classifier.OUTPUTS, classifier.decode, count=classifier.count),
    "movenet": Family(movenet.OUTPUTS, movenet.decode, labels={0: "person"}, input=movenet.INPUT),
    "embedding": Family(embedding.OUTPUTS, embedding.decode, labels={0: "embedding"}),
}


def family_names() -> tuple[str, ...]:
    """What they are called: ours, and those that installed distributions bring."""
    return (*FAMILIES, *installed_names())


def family_called(name: str) -> Family:
    """The family `name`: one of ours, or one that an installed distribution brings.

    Raises:
        ModelError: Nobody knows how to read the outputs of this family, two do, or who does cannot be loaded.
    """
    own = FAMILIES.get(name)
    family = installed_family(name, builtin=own is not None) or own
    if family is None:
        raise ModelError(f"family {name!r}; expected one of {', '.join(family_names())}")
    return family


def family_of(model: Model) -> Family:
    """The family of `model`.

    Raises:
        ModelError: As `family_called`.
    """
    try:
        return family_called(model.family)
    except ModelError as error:
        raise ModelError(f"model {model.name}: {error}") from None


__all__ = ["FAMILIES", "Decoder", "Family", "Placement", "family_called", "family_names", "family_of"]
