"""What a file says of the network in it: its input, and its outputs by name."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import openvino as ov

from processors.families.family import Shapes
from processors.inference.network import one_line
from schemas.catalogue.model import LARGEST
from schemas.errors import ModelError


@dataclass(frozen=True, slots=True)
class Inspected:
    """A network's input, of which a side is None where it may be any, its outputs' sizes, None likewise.

    `labels` by number, and the `usual` width and height, are what its exporter wrote into the file, if it did.
    """

    width: int | None
    height: int | None
    layout: Literal["NHWC", "NCHW"]
    outputs: Shapes
    labels: Mapping[int, str]
    usual: tuple[int, int] | None


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
            return Inspected(width, height, "NCHW", outputs, _labels(network), _usual(network))
        case (_, height, width, 3):
            return Inspected(width, height, "NHWC", outputs, _labels(network), _usual(network))
    said = "×".join("?" if size is None else str(size) for size in shape) or "of any size"
    raise ModelError(f"network {path}: its input is {said}; expected 1×3×height×width or 1×height×width×3")


def _labels(network: ov.Model) -> dict[int, str]:
    """What exporters write: Ultralytics a Python dict into ONNX, OpenVINO's tools words with spaces between into IR."""
    if network.has_rt_info(["framework", "names"]):
        found = _literal(network, "names")
        return _named(dict(enumerate(found)) if isinstance(found, list) else found)
    if network.has_rt_info(["model_info", "labels"]):
        words = network.get_rt_info(["model_info", "labels"]).astype(str).split()
        return {number: word.replace("_", " ") for number, word in enumerate(words)}
    return {}


def _usual(network: ov.Model) -> tuple[int, int] | None:
    match _literal(network, "imgsz") if network.has_rt_info(["framework", "imgsz"]) else None:
        case [int(height), int(width)] if 0 < width <= LARGEST and 0 < height <= LARGEST:
            return width, height
    return None


def _literal(network: ov.Model, key: str) -> object:
    """The Python literal that the exporter wrote; None for anything else."""
    try:
        return ast.literal_eval(network.get_rt_info(["framework", key]).astype(str))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _named(found: object) -> dict[int, str]:
    """`found`, if it is names by number; anybody may have written it."""
    if not isinstance(found, dict) or not all(
        type(number) is int and number >= 0 and isinstance(name, str) and name for number, name in found.items()
    ):
        return {}
    return dict(sorted(found.items()))


def _sizes(shape: ov.PartialShape) -> tuple[int | None, ...]:
    if shape.rank.is_dynamic:
        return ()
    return tuple(None if size.is_dynamic else size.get_length() for size in shape)
