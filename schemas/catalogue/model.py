"""What the catalogue says of a model: where its network comes from, what goes in, what comes out."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator

from schemas.catalogue.follows import Follows
from schemas.catalogue.source import Entry, Source
from schemas.errors import CatalogueError
from schemas.messages._base import Identifier, explain

LARGEST: Final = 8192
"""Pixels of a side of a network's input, at most."""
_ONE: Final = r"(CPU|GPU|NPU)(\.\d+)?"
_DEVICE: Final = re.compile(rf"{_ONE}|AUTO(:-?{_ONE}(,-?{_ONE})*)?|HETERO:{_ONE}(,{_ONE})*")


def _check_device(device: str) -> str:
    if not _DEVICE.fullmatch(device):
        raise ValueError("expected CPU, GPU, GPU.1, NPU, AUTO, or a choice in order, as AUTO:GPU,CPU or HETERO:GPU,CPU")
    return device


class Precision(StrEnum):
    """The arithmetic of a network.

    `auto` is INT8 where that was measured to be faster, and to see the same, and else the fastest float that the device
    computes natively.
    """

    AUTO = "auto"
    INT8 = "int8"
    BF16 = "bf16"
    F16 = "f16"
    F32 = "f32"


class Resize(StrEnum):
    """How a picture is fitted to a network's input."""

    STRETCH = "stretch"
    LETTERBOX = "letterbox"


class InputSpec(Entry):
    """What a network takes: pixels as (x - mean) * scale for each channel in the order `colour`."""

    width: Annotated[int, Field(ge=1, le=LARGEST)]
    height: Annotated[int, Field(ge=1, le=LARGEST)]
    colour: Literal["RGB", "BGR"] = "RGB"
    layout: Literal["NHWC", "NCHW"] = "NCHW"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: Resize = Resize.STRETCH


class OutputSpec(Entry):
    """What counts as a detection: scores from `threshold` (0 to 1), and the IoU above which the weaker of two goes."""

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    nms_iou: Annotated[float, Field(ge=0, le=1)] = 0.5
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100


class Replicas(Entry):
    """How many workers a model may have; without `max`, as many as its topic has partitions.

    `fps` is how many frames a second one of them infers on the machines that it is for (`framebus model show` measures
    this one): the autoscaler divides the arrivals by it. Too low costs workers, too high lets frames wait.
    """

    min: Annotated[int, Field(ge=0, le=10_000)] = 1
    max: Annotated[int, Field(ge=1, le=10_000)] | None = None
    fps: Annotated[float, Field(gt=0, le=100_000)] = 30.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: expected min <= max")
        return self


class Model(Entry):
    """One model: its frames topic, its consumer group and its workers all carry `name`.

    `frame_width` is how wide, in pixels, capture sends its frames, or of a second stage those of the model that it
    `follows`; `max_age` is in seconds. `output_names` says what the network calls the outputs that its family knows by
    other names.
    """

    name: Identifier
    title: str
    family: Identifier
    source: Source
    labels: dict[int, str]
    follows: Follows | None = None
    input: InputSpec
    outputs: OutputSpec = OutputSpec()
    output_names: dict[str, str] = Field(default={})
    frame_width: Annotated[int, Field(ge=16, le=7680)] = 640
    precision: Precision = Precision.AUTO
    device: Annotated[str, AfterValidator(_check_device)] = "CPU"
    max_age: Annotated[float, Field(gt=0, le=86_400)] = 5.0
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 12
    replicas: Replicas = Replicas()
    fps: Annotated[float, Field(gt=0, le=100_000)] = 60.0
    """Frames a second that the topic's retention is planned for."""

    @field_validator("replicas")
    @classmethod
    def _within(cls, value: Replicas, info: ValidationInfo) -> Replicas:
        partitions = info.data.get("partitions")  # not there where it is wrong itself
        if partitions is not None and max(value.min, value.max or 0) > partitions:
            raise ValueError(f"expected min <= max <= partitions, which is {partitions}: a worker more would be idle")
        return value

    @classmethod
    def from_json(cls, value: str | bytes) -> Self:
        """Read a catalogue entry.

        Raises:
            CatalogueError: It is no JSON, or a field is unknown, missing or not what the entry expects.
        """
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            raise CatalogueError(explain("catalogue entry", error)) from None
