"""Builds dlib's face recognition network from the weights that face-api has of it: there is no graph in its files.

Source: D. King's `dlib_face_recognition_resnet_model_v1`, in the layers and with the names of face-api's
`faceRecognitionNet`. The manifest beside the weights says where in the file each tensor lies, and how it is quantised:
bytes are `value * scale + min`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from schemas.catalogue import Model
from schemas.errors import ModelError

Tensors = Mapping[str, NDArray[np.float32]]

_SIDE: Final = 150
"""The faces that it was trained with, in pixels: its layers have no other sizes."""
_BLOCKS: Final = (
    "conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3", "conv128_down", "conv128_1",
    "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out",
)  # fmt: skip


def face_recognition(source: Path, model: Model, _scratch: Path) -> ov.Model:
    """dlib's network for faces of 150 × 150 pixels.

    Input float NCHW, (x - mean) / 255 already done. Output `embedding` [1, 128], not of length 1.

    Raises:
        ModelError: The weights are not those that the manifest beside them describes, or the input is another.
    """
    spec = model.input
    if (spec.width, spec.height, spec.layout) != (_SIDE, _SIDE, "NCHW"):
        raise ModelError(f"input {spec.width}×{spec.height} {spec.layout}: expected {_SIDE}×{_SIDE} NCHW")
    tensors = read_tensors(source, source.with_name(f"{source.stem}-weights_manifest.json"))
    picture = ops.parameter([1, 3, _SIDE, _SIDE], np.float32, name="picture")
    flow = ops.relu(_convolution(picture, tensors, "conv32_down", down=True))
    flow = ops.max_pool(flow, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
    for name in _BLOCKS:
        flow = _residual(flow, tensors, name)
    pooled = ops.reduce_mean(flow, ops.constant([2, 3]), keep_dims=False)
    embedding = ops.matmul(pooled, ops.constant(tensors["fc"]), transpose_a=False, transpose_b=False)
    network = ov.Model([embedding], [picture], "face_recognition")
    network.output(0).get_tensor().set_names({"embedding"})
    return network


def read_tensors(weights: Path, manifest: Path) -> Tensors:
    """The tensors by name; those of convolutions as they are in the file, [height, width, in, out].

    Raises:
        ModelError: The manifest is none, or the weights end too early or too late.
    """
    try:
        entries = [entry for group in json.loads(manifest.read_bytes()) for entry in group["weights"]]
        data, place, tensors = weights.read_bytes(), 0, {}
        for entry in entries:
            tensors[entry["name"]], place = _tensor(entry, data, place)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"weights {weights.name} with {manifest.name}: {error!r}; expected what it lists") from None
    if place != len(data):
        raise ModelError(f"weights {weights.name}: {len(data):,} bytes; expected {place:,}, as {manifest.name} says")
    return tensors


def _tensor(entry: Mapping[str, Any], data: bytes, place: int) -> tuple[NDArray[np.float32], int]:
    count = int(np.prod(entry["shape"]))
    quantised = entry.get("quantization")
    kind = np.dtype(quantised["dtype"] if quantised else entry["dtype"])
    values = np.frombuffer(data, kind, count, place).astype(np.float32).reshape(entry["shape"])
    if quantised:
        values = values * np.float32(quantised["scale"]) + np.float32(quantised["min"])
    return values, place + count * kind.itemsize


def _convolution(flow: ov.Output, tensors: Tensors, name: str, *, down: bool = False) -> ov.Output:
    """A convolution and the scaling behind it, which is put into its filters and its bias."""
    scale = tensors[f"{name}/scale/weights"]
    filters = tensors[f"{name}/conv/filters"].transpose(3, 2, 0, 1) * scale[:, None, None, None]
    bias = tensors[f"{name}/conv/bias"] * scale + tensors[f"{name}/scale/biases"]
    strides, pad = ([2, 2], [0, 0]) if down else ([1, 1], [1, 1])
    folded = ops.constant(np.ascontiguousarray(filters))
    convolved = ops.convolution(flow, folded, strides, pad, pad, [1, 1])
    return ops.add(convolved, ops.constant(bias.reshape(1, -1, 1, 1))).output(0)


def _residual(flow: ov.Output, tensors: Tensors, name: str) -> ov.Output:
    """Two convolutions beside their input; where they halve it, it is pooled, and the smaller gets zeros behind it."""
    down = "_down" in name
    inner = ops.relu(_convolution(flow, tensors, f"{name}/conv1", down=down)).output(0)
    inner = _convolution(inner, tensors, f"{name}/conv2")
    if not down:
        return ops.relu(ops.add(inner, flow)).output(0)
    outer = ops.avg_pool(flow, [2, 2], [0, 0], [0, 0], [2, 2], exclude_pad=True).output(0)
    shape = np.maximum(list(inner.shape), list(outer.shape))
    return ops.relu(ops.add(_padded(inner, shape), _padded(outer, shape))).output(0)


def _padded(flow: ov.Output, shape: NDArray[np.int64]) -> ov.Output:
    behind = ops.constant(shape - np.array(list(flow.shape)))
    nothing = ops.constant(np.zeros(len(shape), np.int64))
    return ops.pad(flow, nothing, behind, "constant", ops.constant(np.float32(0))).output(0)
