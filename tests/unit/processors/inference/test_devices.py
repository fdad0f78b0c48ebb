"""Which devices an entry may name on a machine."""

from __future__ import annotations

import re

import pytest

from processors.inference.network import check_device
from schemas.catalogue.builtin import FACE_DETECTION
from schemas.errors import ModelError

ALONE, SEVERAL = ["CPU", "GPU"], ["CPU", "GPU.0", "GPU.1", "NPU"]


@pytest.mark.parametrize(
    ("device", "there"),
    [
        ("CPU", ["CPU"]),
        ("AUTO", ["CPU"]),
        ("GPU", ALONE),
        ("GPU.0", ALONE),
        ("GPU", SEVERAL),
        ("GPU.1", SEVERAL),
        ("AUTO:NPU,GPU,CPU", SEVERAL),
        ("AUTO:-GPU", ["CPU"]),
        ("HETERO:GPU.1,CPU", SEVERAL),
    ],
)
def test_devices_that_are_there_pass(device: str, there: list[str]) -> None:
    check_device(FACE_DETECTION.model_copy(update={"device": device}), there)


@pytest.mark.parametrize(
    ("device", "there", "says"),
    [
        ("GPU", ["CPU"], "model face-detection: device GPU is not there; expected one of CPU"),
        ("GPU.1", ALONE, "device GPU.1 is not there; expected one of CPU, GPU"),
        ("NPU", ALONE, "device NPU is not there"),
        ("HETERO:NPU,CPU", ALONE, "device NPU is not there"),
        ("AUTO:CPU,GPU.2", SEVERAL, "device GPU.2 is not there; expected one of CPU, GPU.0, GPU.1, NPU"),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_those_that_are(device: str, there: list[str], says: str) -> None:
    with pytest.raises(ModelError, match=re.escape(says)):
        check_device(FACE_DETECTION.model_copy(update={"device": device}), there)
