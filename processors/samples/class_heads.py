"""Takes the classes that nobody asked for out of an SSD's heads: the rest scores exactly as before, for less.

Each class has a sigmoid of its own, so that no class, nor the background, bears on another's score. The class heads of
SSD MobileNetV2 with all 91 classes are two thirds of its arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from schemas.errors import ModelError

_HEAD: Final = "Convolution → Add → Transpose → Reshape → Concat → Sigmoid"


def keep_classes(network: ov.Model, *, output: str, of: int, keep: Sequence[int]) -> None:
    """Reduce the scores `output` [1, anchors, of] of `network` to the columns `keep`, in that order.

    Raises:
        ModelError: A class is not there, or the scores do not come from heads as SSD has them.
    """
    if not keep or min(keep) < 0 or max(keep) >= of:
        raise ModelError(f"classes {list(keep)}: expected some from 0 to {of - 1}")
    concat = _source(_source(network.output(output).get_node(), 0, "Sigmoid"), 0, "Concat")
    for port in range(concat.get_input_size()):
        _reduce(_source(concat, port, "Reshape"), of, keep)
    network.validate_nodes_and_infer_types()


def _reduce(reshape: ov.Node, of: int, keep: Sequence[int]) -> None:
    """One head: take rows out of its filters and biases, both [anchors per cell * of, …], and out of the new shape."""
    shape = _constant(reshape, 1)
    if shape[-1] != of:
        raise ModelError(f"a class head with {shape[-1]} classes; expected {of}")
    add = _source(_source(reshape, 0, "Transpose"), 0, "Add")
    convolution = _source(add, 0, "Convolution")
    filters, biases = _constant(convolution, 1), _constant(add, 1)
    split = filters.reshape(-1, of, *filters.shape[1:])[:, keep]
    _replace(convolution, 1, split.reshape(-1, *filters.shape[1:]))
    _replace(add, 1, biases.reshape(1, -1, of, 1, 1)[:, :, keep].reshape(1, -1, 1, 1))
    _replace(reshape, 1, np.concatenate((shape[:-1], [len(keep)])).astype(shape.dtype))


def _source(node: ov.Node, port: int, kind: str) -> ov.Node:
    found = node.input_value(port).get_node()
    if found.get_type_name() != kind:
        raise ModelError(f"{node.get_friendly_name()} comes from {found.get_type_name()}; expected {_HEAD}")
    return found


def _constant(node: ov.Node, port: int) -> np.ndarray:
    return np.array(_source(node, port, "Constant").get_data())


def _replace(node: ov.Node, port: int, value: np.ndarray) -> None:
    node.input(port).replace_source_output(ops.constant(np.ascontiguousarray(value)).output(0))
