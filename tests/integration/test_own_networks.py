"""Networks of the user's own, as OpenVINO reads them: where they come from, and what becomes of them."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from processors.inference.core import InferenceCore
from processors.samples import fetch_file, prepare_network
from schemas.catalogue import Catalogue, InputSpec, LocalFile, Model, PackageFile
from schemas.errors import FetchError, ModelError
from schemas.settings import Settings

FACES = Catalogue().get("face-detection")


def small_network(
    folder: Path, *, score: float = 0.9, kind: type = np.float32, names: tuple[str, str] = ("boxes", "scores")
) -> Path:
    """An SSD of one anchor, the whole picture, with one class."""
    picture = ops.parameter([1, 3, 32, 32], kind, name="picture")
    nothing = ops.multiply(
        ops.convert(ops.reduce_mean(ops.convert(picture, "f32"), ops.constant(np.arange(4)), False), "f32"),
        np.float32(0),
    )
    boxes = ops.add(ops.constant(np.array([0, 0, 1, 1], np.float32).reshape(1, 1, 1, 4)), nothing)
    scores = ops.add(ops.constant(np.full((1, 1, 1), score, np.float32)), nothing)
    network = ov.Model([ops.result(boxes), ops.result(scores)], [picture], "small")
    for output, name in zip(network.outputs, names, strict=True):
        output.get_tensor().set_names({name})
    path = folder / "small.xml"
    ov.save_model(network, str(path), compress_to_fp16=False)
    return path


def small_model(path: Path, **fields: object) -> Model:
    return Model.model_validate(
        {
            "name": "small",
            "title": "Small",
            "family": "ssd",
            "source": {"file": str(path)},
            "labels": {1: "thing"},
            "input": {"width": 32, "height": 32},
            **fields,
        }
    )


def seen(model: Model, cache: Path) -> list[tuple[str, float]]:
    core = InferenceCore(model, prepare_network(model, cache))
    try:
        jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
        return [(found.label, round(found.score, 2)) for found in core.submit(jpeg).result(60).detections]
    finally:
        core.close()


@pytest.mark.parametrize("device", ["CPU", "AUTO", "AUTO:CPU", "AUTO:-GPU", "HETERO:CPU"])
def test_a_file_of_ones_own_runs_on_any_device_that_is_there(tmp_path: Path, device: str) -> None:
    assert seen(small_model(small_network(tmp_path), device=device), tmp_path / "cache") == [("thing", 0.9)]


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    there = ", ".join(ov.Core().available_devices)
    with pytest.raises(ModelError, match=rf"model small: device NPU\.7 is not there; expected one of {there}"):
        seen(small_model(small_network(tmp_path), device="AUTO:CPU,NPU.7"), tmp_path / "cache")


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32])
def test_a_network_may_take_numbers_of_any_type(tmp_path: Path, kind: type) -> None:
    assert seen(small_model(small_network(tmp_path, kind=kind)), tmp_path / "cache") == [("thing", 0.9)]


def test_outputs_of_other_names_are_named_in_the_entry(tmp_path: Path) -> None:
    path = small_network(tmp_path, names=("77", "78"))
    model = small_model(path, output_names={"boxes": "77", "scores": "78"})
    assert seen(model, tmp_path / "cache") == [("thing", 0.9)]
    with pytest.raises(ModelError, match="the network's outputs are 77, 78; expected boxes, scores too"):
        seen(small_model(path), tmp_path / "cache")
    with pytest.raises(ModelError, match="model small: output '79'; expected one of 77, 78"):
        seen(small_model(path, output_names={"boxes": "79"}), tmp_path / "cache")


def test_new_weights_in_the_same_file_are_another_network(tmp_path: Path) -> None:
    model, cache = small_model(small_network(tmp_path)), tmp_path / "cache"
    first = prepare_network(model, cache)
    assert prepare_network(model, cache) == first
    assert seen(small_model(small_network(tmp_path, score=0.7)), cache) == [("thing", 0.7)]
    assert prepare_network(model, cache) != first


def test_an_onnx_file_is_read_directly(tmp_path: Path) -> None:
    assert isinstance(FACES.source, PackageFile)
    file = fetch_file(FACES.source, Settings().cache_dir)
    names = {"heatmap": "537", "scale": "538", "offset": "539", "landmarks": "540"}
    fields = {"source": LocalFile(file=str(file)), "output_names": names, "input": InputSpec(width=64, height=64)}
    assert seen(FACES.model_copy(update=fields), tmp_path) == []


@pytest.mark.parametrize(
    ("name", "content", "kind", "says"),
    [
        ("none.onnx", None, FetchError, "none.onnx: No such file or directory; expected a file that can be read"),
        ("text.onnx", b"no network", ModelError, "model small: OpenVINO cannot convert text.onnx: "),
        ("text.xml", b"no network", ModelError, "model small: OpenVINO cannot convert text.xml: "),
        ("text.tflite", b"no network", ModelError, "model small: OpenVINO cannot convert text.tflite: "),
        ("text.pdmodel", b"no network", ModelError, "model small: OpenVINO cannot convert text.pdmodel: "),
    ],
)
def test_a_file_that_is_no_network_is_refused(
    tmp_path: Path, name: str, content: bytes | None, kind: type[Exception], says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=re.escape(says)):
        prepare_network(small_model(tmp_path / name), tmp_path / "cache")
