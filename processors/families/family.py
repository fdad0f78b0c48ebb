"""What a family of networks is, ours or anybody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from processors.families.geometry import Floats, Placement
from schemas.catalogue import Model
from schemas.messages import Detection

Decoder = Callable[[Mapping[str, Floats], Model, Placement], tuple[Detection, ...]]
"""From a network's outputs by name to detections in pixels of the frame."""


Shapes = Mapping[str, tuple[int | None, ...]]
"""The sizes of a network's outputs by name; None where a size may be any."""


def no_count(_: Shapes) -> None:
    """What the outputs' sizes tell of the number of labels, where they tell nothing."""


@dataclass(frozen=True, slots=True)
class Family:
    """What networks of one kind have in common: the names of their outputs, and how to read them.

    Where it is one name, and a network has one output, that is the output meant, whatever the network calls it.
    """

    outputs: tuple[str, ...]
    decode: Decoder
    count: Callable[[Shapes], int | None] = no_count
    """How many labels a network has whose outputs have these sizes."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """The labels that every network of this kind has, if there are such."""
    input: Mapping[str, Any] = field(default_factory=dict)
    """How networks of this kind usually want their pictures, in fields of a catalogue entry's `input`."""
