"""What is wrong with weights, their manifest or the entry is told; the whole network is built in `integration`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from processors.samples.face_recognition import face_recognition, read_tensors
from schemas.catalogue import InputSpec
from schemas.catalogue.builtin import FACE_EMBEDDING
from schemas.errors import ModelError

QUANTISED = {"dtype": "uint8", "scale": 0.5, "min": -1.0}


def files(folder: Path, *entries: dict[str, object], data: bytes) -> tuple[Path, Path]:
    weights, manifest = folder / "net.bin", folder / "net-weights_manifest.json"
    weights.write_bytes(data)
    manifest.write_text(json.dumps([{"weights": entries, "paths": ["net.bin"]}]))
    return weights, manifest


def test_tensors_are_read_in_their_order_quantised_or_not(tmp_path: Path) -> None:
    plain = np.array([[1.5, -2.5]], np.float32)
    given: tuple[dict[str, object], ...] = (
        {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": QUANTISED},
        {"name": "b", "shape": [1, 2], "dtype": "float32"},
    )
    tensors = read_tensors(*files(tmp_path, *given, data=bytes([0, 1, 2, 255]) + plain.tobytes()))
    assert tensors["a"].tolist() == [[-1.0, -0.5], [0.0, 126.5]]
    assert tensors["b"].tolist() == plain.tolist()
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("entry", "data", "says"),
    [
        (
            {"name": "a", "shape": [4], "dtype": "float32"},
            b"123",
            r"net\.bin with net-weights_manifest\.json: .*buffer",
        ),
        ({"name": "a", "shape": [1], "dtype": "float32"}, b"12345", r"5 bytes; expected 4, as net-weights_manifest"),
        ({"name": "a", "shape": [1]}, b"1234", "KeyError"),
        ({"name": "a", "shape": "one", "dtype": "float32"}, b"1234", "expected what it lists"),
        ({"name": "a", "shape": [1], "dtype": "float99"}, b"1234", "expected what it lists"),
    ],
)
def test_weights_that_are_not_as_listed(tmp_path: Path, entry: dict[str, object], data: bytes, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        read_tensors(*files(tmp_path, entry, data=data))


def test_a_manifest_that_is_not_there_or_none(tmp_path: Path) -> None:
    weights, manifest = files(tmp_path, data=b"")
    manifest.write_text("{")
    with pytest.raises(ModelError, match="expected what it lists"):
        read_tensors(weights, manifest)
    with pytest.raises(ModelError, match="FileNotFoundError"):
        read_tensors(weights, tmp_path / "nowhere.json")


@pytest.mark.parametrize("spec", [InputSpec(width=96, height=150), InputSpec(width=150, height=150, layout="NHWC")])
def test_an_input_that_it_has_not(tmp_path: Path, spec: InputSpec) -> None:
    with pytest.raises(ModelError, match="expected 150×150 NCHW"):
        face_recognition(tmp_path / "net.bin", FACE_EMBEDDING.model_copy(update={"input": spec}), tmp_path)
