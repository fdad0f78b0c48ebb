"""A real network of one operation, and the family that reads it: the mean colour, which may be a mark."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import openvino as ov
from openvino import opset13 as ops

from processors.families import Decoder, Family, Placement
from processors.families.geometry import Floats
from schemas.catalogue import InputSpec, Model
from schemas.catalogue.builtin import OBJECT_DETECTION
from schemas.messages import Detection
from tests.chaos.pictures import HANGING, LETHAL, SLOW, resembles

FAMILY: Final = "mean-colour"
OUTPUT: Final = "mean"
_INPUT: Final = InputSpec(width=32, height=24)


def model() -> Model:
    """The entry: an existing model's name, topics and group, with the suite's network in place of its own."""
    fields = {**OBJECT_DETECTION.model_dump(), "family": FAMILY, "input": _INPUT.model_dump()}
    return Model.model_validate(fields)


def write_network(path: Path) -> Path:
    """Write the network's IR: the mean of each channel over all pixels."""
    pixels = ops.parameter([1, 3, _INPUT.height, _INPUT.width], ov.Type.f32, name="pixels")
    mean = ops.reduce_mean(pixels, ops.constant([2, 3], ov.Type.i64), keep_dims=False)
    mean.output(0).set_names({OUTPUT})
    ov.save_model(ov.Model([mean], [pixels], FAMILY), str(path), compress_to_fp16=False)
    return path


def family(*, slow_s: float) -> Family:
    """How to read the network: a lethal picture ends the process by SIGABRT, a slow one takes `slow_s` seconds, a
    hanging one never ends."""
    return Family((OUTPUT,), _decoder(slow_s))


def _decoder(slow_s: float) -> Decoder:
    def decode(outputs: Mapping[str, Floats], _model: Model, placement: Placement) -> tuple[Detection, ...]:
        mean = tuple(float(channel) for channel in outputs[OUTPUT].reshape(3))
        if resembles(mean, LETHAL):
            os.abort()
        if resembles(mean, SLOW):
            time.sleep(slow_s)
        if resembles(mean, HANGING):
            threading.Event().wait()
        box = (0.0, 0.0, float(placement.width), float(placement.height))
        return (Detection(label="scene", score=min(sum(mean) / 765.0, 1.0), box=box),)

    return decode
