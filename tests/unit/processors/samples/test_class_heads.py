"""Heads without the classes that nobody asked for score the others exactly as before."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from processors.samples.class_heads import keep_classes
from schemas.errors import ModelError

CLASSES = 7
RANDOM = np.random.default_rng(3)


def network() -> ov.Model:
    """Two heads with 3 and 2 anchors a cell over one picture of 5 × 4 cells."""
    picture = ops.parameter([1, 6, 4, 5], np.float32, name="picture")
    heads = []
    for anchors in (3, 2):
        filters = RANDOM.normal(size=(anchors * CLASSES, 6, 3, 3)).astype(np.float32)
        biases = RANDOM.normal(size=(1, anchors * CLASSES, 1, 1)).astype(np.float32)
        convolved = ops.convolution(picture, ops.constant(filters), [1, 1], [1, 1], [1, 1], [1, 1])
        cells = ops.transpose(ops.add(convolved, ops.constant(biases)), ops.constant(np.array([0, 2, 3, 1])))
        heads.append(ops.reshape(cells, ops.constant(np.array([0, 20 * anchors, CLASSES])), special_zero=True))
    scores = ops.result(ops.sigmoid(ops.concat(heads, axis=1)))
    model = ov.Model([scores], [picture], "heads")
    model.output(0).get_tensor().set_names({"scores"})
    return model


def run(model: ov.Model, picture: np.ndarray) -> np.ndarray:
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    return np.array(ov.Core().compile_model(model, "CPU", exact)({0: picture})["scores"])


@pytest.mark.parametrize("keep", [[1, 2, 6], [5], [3, 0], list(range(CLASSES))])
def test_the_kept_columns_are_the_same(keep: list[int]) -> None:
    model = network()
    picture = RANDOM.normal(size=(1, 6, 4, 5)).astype(np.float32)
    before = run(model, picture)
    keep_classes(model, output="scores", of=CLASSES, keep=keep)
    assert list(model.output("scores").shape) == [1, 100, len(keep)]
    np.testing.assert_allclose(run(model, picture), before[:, :, keep], atol=1e-6)


@pytest.mark.parametrize(
    ("of", "keep", "message"),
    [
        (CLASSES, [], r"classes \[\]: expected some from 0 to 6"),
        (CLASSES, [7], r"classes \[7\]: expected some from 0 to 6"),
        (CLASSES, [-1], r"classes \[-1\]"),
        (91, [1], r"a class head with 7 classes; expected 91"),
    ],
)
def test_refuses_classes_that_are_not_there(of: int, keep: list[int], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        keep_classes(network(), output="scores", of=of, keep=keep)


def test_refuses_another_kind_of_head() -> None:
    picture = ops.parameter([1, 3], np.float32)
    model = ov.Model([ops.result(ops.relu(picture))], [picture], "other")
    model.output(0).get_tensor().set_names({"scores"})
    with pytest.raises(ModelError, match="comes from Relu; expected Convolution"):
        keep_classes(model, output="scores", of=3, keep=[1])
