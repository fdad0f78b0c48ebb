"""What the catalogue says of a model: where its network comes from, what goes in, what comes out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import CatalogueError
from schemas.messages._base import Identifier, explain

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Entry(BaseModel):
    """A part of a catalogue entry: frozen, and a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=1024)


class Precision(StrEnum):
    """The arithmetic of a network; `auto` is the fastest float that the device computes natively."""

    AUTO = "auto"
    BF16 = "bf16"
    F16 = "f16"
    F32 = "f32"


class Resize(StrEnum):
    """How a picture is fitted to a network's input."""

    STRETCH = "stretch"
    LETTERBOX = "letterbox"


class PackageFile(Entry):
    """One file inside a package of a public registry: its own `sha256`, the download's `megabytes`."""

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    path: str
    sha256: Sha256
    megabytes: float
    licence: str


class InputSpec(Entry):
    """What a network takes: pixels as (x - mean) * scale for each channel in the order `colour`."""

    width: Annotated[int, Field(ge=1, le=8192)]
    height: Annotated[int, Field(ge=1, le=8192)]
    colour: Literal["RGB", "BGR"] = "RGB"
    layout: Literal["NHWC", "NCHW"] = "NCHW"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: Resize = Resize.STRETCH


class OutputSpec(Entry):
    """What counts as a detection: scores from `threshold` (0 to 1), and the IoU above which the weaker of two goes."""

    threshold: Annotated[float, Field(ge=0, le=1)]
    nms_iou: Annotated[float, Field(ge=0, le=1)]
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100


class Model(Entry):
    """One model: its frames topic, its consumer group and its workers all carry `name`.

    `frame_width` is how wide, in pixels, capture sends its frames; `max_age` is in seconds.
    """

    name: Identifier
    title: str
    family: Identifier
    source: PackageFile
    labels: dict[int, str]
    input: InputSpec
    outputs: OutputSpec
    frame_width: Annotated[int, Field(ge=16, le=7680)] = 640
    precision: Precision = Precision.AUTO
    device: str = "CPU"
    max_age: Annotated[float, Field(gt=0, le=86_400)] = 5.0
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 12
    fps: Annotated[float, Field(gt=0, le=100_000)] = 60.0
    """Frames a second that the topic's retention is planned for."""

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
