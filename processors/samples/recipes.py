"""How a model's file becomes the network that its family decodes: the one place that knows node names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import openvino as ov
from openvino.preprocess import PrePostProcessor
from openvino.tools.ovc.error import BasicError

from processors.inference.network import one_line
from processors.samples.class_heads import keep_classes
from processors.samples.face_recognition import face_recognition
from processors.samples.graphdef import cut_graph
from schemas.catalogue import Model, PackageFile
from schemas.errors import ModelError

Recipe = Callable[[Path, Model, Path], ov.Model]
"""Builds an `openvino.Model` from the package's file; the last argument is a directory for intermediate files."""

_SSD_CLASSES: Final = 91
"""COCO's ids from 1 to 90, and 0 for the background."""
_CENTERFACE_STRIDE: Final = 32
_CONVERSION_ERRORS: Final = (RuntimeError, BasicError, ov.frontend.GeneralFailure, ov.frontend.OpConversionFailure)


def build(model: Model, source: Path, scratch: Path) -> ov.Model:
    """The network of `model` as an `openvino.Model`, by its family's recipe if there is one.

    Raises:
        ModelError: OpenVINO cannot read the file.
    """
    recipe = RECIPES.get(model.family, as_it_is) if isinstance(model.source, PackageFile) else as_it_is
    level, filters = logging.root.level, list(logging.root.filters)
    try:
        return recipe(source, model, scratch)
    except _CONVERSION_ERRORS as error:
        # Where it fails, OpenVINO's converter leaves the root logger silent below ERROR.
        logging.root.setLevel(level)
        logging.root.filters = filters
        raise ModelError(f"model {model.name}: OpenVINO cannot convert {source.name}: {one_line(error)}") from error


def save(network: ov.Model, path: Path) -> None:
    """Write an `openvino.Model` as IR (.xml, and .bin beside it), its weights as exact as they came."""
    ov.save_model(network, str(path), compress_to_fp16=False)


def as_it_is(source: Path, model: Model, _scratch: Path) -> ov.Model:
    """A network as OpenVINO reads it, with float input and, by the entry's `output_names`, its family's outputs."""
    network = ov.Core().read_model(str(source))
    if len(network.inputs) == 1 and network.input().element_type != ov.Type.f32:
        steps = PrePostProcessor(network)
        steps.input().tensor().set_element_type(ov.Type.f32)
        steps.input().preprocess().convert_element_type(network.input().element_type)
        network = steps.build()
    there = {name: output for output in network.outputs for name in output.get_names()}
    for ours, theirs in model.output_names.items():
        if theirs not in there:
            raise ModelError(f"model {model.name}: output {theirs!r}; expected one of {', '.join(sorted(there))}")
        there[theirs].get_tensor().add_names({ours})
    return network


def ssd(source: Path, model: Model, scratch: Path) -> ov.Model:
    """SSD from TensorFlow's object detection API, without its pre-processing, its NMS and the classes nobody asked for.

    Input float NHWC, (x - 127.5) / 127.5 already done. Outputs `boxes` [1, n, 1, 4], decoded, as parts of the picture
    (ymin, xmin, ymax, xmax), and `scores` [1, n, labels], sigmoid done, a column for each label by rising number.
    The graph is cut before OpenVINO sees it: its loops take half a minute to convert.
    """
    outputs = {"Postprocessor/ExpandDims_1": "boxes", "Postprocessor/convert_scores": "scores"}
    part = scratch / "cut.pb"
    part.write_bytes(
        cut_graph(
            source.read_bytes(),
            input_node="Preprocessor/sub",
            input_shape=(1, model.input.height, model.input.width, 3),
            outputs=tuple(outputs),
        )
    )
    network = _named(ov.convert_model(str(part)), {f"{node}:0": name for node, name in outputs.items()})
    keep_classes(network, output="scores", of=_SSD_CLASSES, keep=sorted(model.labels))
    return network


def centerface(source: Path, model: Model, _scratch: Path) -> ov.Model:
    """CenterFace from its ONNX file, for one picture of the catalogue's size, of which both sides are multiples of 32.

    Input float NCHW, 0 to 255. Outputs at a quarter of the input's size: `heatmap` (1 channel), `scale` (2),
    `offset` (2), `landmarks` (10).
    """
    spec = model.input
    if spec.width % _CENTERFACE_STRIDE or spec.height % _CENTERFACE_STRIDE:
        raise ModelError(f"input {spec.width}×{spec.height}: expected multiples of {_CENTERFACE_STRIDE}")
    network = ov.convert_model(str(source))
    network.reshape([1, 3, spec.height, spec.width])
    return _named(network, {"537": "heatmap", "538": "scale", "539": "offset", "540": "landmarks"})


def mediapipe_face(source: Path, _model: Model, _scratch: Path) -> ov.Model:
    """MediaPipe's full-range face detector from its TFLite file, for one picture of 192 × 192 pixels.

    Input float NHWC, x / 127.5 - 1 already done. Outputs for each of 48 × 48 cells, row by row: `regressors` (16
    numbers) and `logits` (1).
    """
    names = {"reshaped_regressor_face_4": "regressors", "reshaped_classifier_face_4": "logits"}
    return _named(ov.convert_model(str(source)), names)


def _named(network: ov.Model, names: Mapping[str, str]) -> ov.Model:
    for output in network.outputs:
        output.get_tensor().set_names({names[output.get_any_name()]})
    return network


def movenet(source: Path, model: Model, scratch: Path) -> ov.Model:
    """MoveNet as it is, with its one output called `keypoints`."""
    network = as_it_is(source, model, scratch)
    network.output(0).get_tensor().set_names({"keypoints"})
    return network


def embedding(source: Path, model: Model, scratch: Path) -> ov.Model:
    """Weights without a graph are those of dlib's face recognition; everything else is read as it is."""
    recipe = face_recognition if source.suffix == ".bin" else as_it_is
    return recipe(source, model, scratch)


RECIPES: Final[Mapping[str, Recipe]] = {
    "ssd": ssd,
    "centerface": centerface,
    "mediapipe-face": mediapipe_face,
    "movenet": movenet,
    "embedding": embedding,
}
