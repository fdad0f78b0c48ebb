"""What a file says of the network in it: its input, and its outputs by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import openvino as ov

from processors.inference.network import one_line
from schemas.errors import ModelError


@dataclass(frozen=True, slots=True)
class Inspected:
    """A network's input, of which a side is None where it may be any, and its outputs' sizes, None likewise."""

    width: int | None
    height: int | None
    layout: Literal["NHWC", "NCHW"]
    outputs: Mapping[str, tuple[int | None, ...]]


def inspect_network(path: Path) -> Inspected:
    """Look into the network at `path`.

    Raises:
        ModelError: OpenVINO cannot read it, or its input is no colour picture.
    """
    try:
        network = ov.Core().read_model(str(path))
    except RuntimeError as error:
        raise ModelError(f"network {path}: OpenVINO cannot read it: {one_line(error)}") from None
    if len(network.inputs) != 1:
        raise ModelError(f"network {path}: it has {len(network.inputs)} inputs; expected 1")
    shape = _sizes(network.input().partial_shape)
    outputs = {}
    for output in network.outputs:
        if not output.get_names():
            raise ModelError(f"network {path}: an output has no name; expected a name for each")
        outputs[output.get_any_name()] = _sizes(output.partial_shape)
    match shape:
        case (_, 3, height, width):
            return Inspected(width, height, "NCHW", outputs)
        case (_, height, width, 3):
            return Inspected(width, height, "NHWC", outputs)
    said = "×".join("?" if size is None else str(size) for size in shape) or "of any size"
    raise ModelError(f"network {path}: its input is {said}; expected 1×3×height×width or 1×height×width×3")


def _sizes(shape: ov.PartialShape) -> tuple[int | None, ...]:
    if shape.rank.is_dynamic:
        return ()
    return tuple(None if size.is_dynamic else size.get_length() for size in shape)
