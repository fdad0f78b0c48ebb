"""A camera: what is wanted of it (compacted topic `cameras`), and how it is doing (`camera-status`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from schemas.messages._base import Identifier, LaterWord, Message, Timestamp
from schemas.messages.frame import Lane
from schemas.messages.hours import Hours
from schemas.messages.polygon import Polygon

Rate = Annotated[float, Field(gt=0, le=240)]
"""Frames a second."""


class Pacing(StrEnum):
    """How fast a file or a folder is read: at its own frame rate, or as fast as possible."""

    NATIVE = "native"
    MAX = "max"


class Flip(StrEnum):
    """A mirror image: left and right, or top and bottom change places."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


class Camera(Message):
    """What is wanted of one camera.

    `source` is a file, a folder of pictures, an `rtsp://` or `http(s)://` URL, a USB device's number, or
    `pattern:[WIDTHxHEIGHT]`; `models` get its frames; `fps` limits the rate (None: the source's own).

    `rotate` turns its pictures clockwise by so many degrees, then `flip` mirrors them; what follows, and every result,
    refers to the picture as it is then. `masks` are painted black before it is encoded. With `still_fps`, frames in
    which nothing moves are sent at that rate and the others dropped as `still`; `motion` is the share of `roi` (None:
    of the picture), without its masks, that must change. `schedule` has the hours of its `timezone` in which it is
    wanted (none: always); outside of them it is not connected.
    """

    TITLE: ClassVar[str] = "camera"

    id: Identifier
    source: Annotated[str, Field(min_length=1, max_length=2048)]
    models: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    site: Identifier = "default"
    fps: Rate | None = None
    loop: bool = False
    pacing: Pacing = Pacing.NATIVE
    lane: Lane = Lane.LIVE
    quality: Annotated[int, Field(ge=1, le=100)] = 85
    enabled: bool = True
    rotate: Literal[0, 90, 180, 270] = 0
    flip: Flip | None = None
    masks: Annotated[tuple[Polygon, ...], Field(max_length=32)] = ()
    roi: Polygon | None = None
    still_fps: Rate | None = None
    motion: Annotated[float, Field(gt=0, le=1)] = 0.002
    schedule: Annotated[tuple[Hours, ...], Field(max_length=32)] = ()
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"

    @field_validator("models")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("expected each model once")
        return value


class CameraState(StrEnum):
    """How a camera is doing."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    STILL = "still"
    """It streams, and nothing in its pictures moves."""
    FAILED = "failed"
    ENDED = "ended"
    STOPPED = "stopped"


class CameraStatus(Message):
    """How one camera is doing.

    `error` is what is wrong now, `last_error` what was wrong last, at `last_error_at`: neither contains a password.
    `note` says in words what the state does not, as until when a stopped camera is outside of its hours.
    """

    TITLE: ClassVar[str] = "camera status"

    camera: Identifier
    site: Identifier
    state: Annotated[CameraState | LaterWord, Field(union_mode="left_to_right")]
    since: Timestamp
    owner: str
    run: int | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    error: str | None = None
    last_error: str | None = None
    last_error_at: Timestamp | None = None
    note: str | None = None
