"""What a family of networks is, ours or anybody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
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
