"""A camera: what is wanted of it (compacted topic `cameras`), and how it is doing (`camera-status`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from schemas.messages._base import Identifier, LaterWord, Message, Timestamp
from schemas.messages.frame import Lane


class Pacing(StrEnum):
    """How fast a file or a folder is read: at its own frame rate, or as fast as possible."""

    NATIVE = "native"
    MAX = "max"


class Transport(StrEnum):
    """How an RTSP camera's pictures come: in its connection, or as datagrams, which may get lost."""

    TCP = "tcp"
    UDP = "udp"


class Camera(Message):
    """What is wanted of one camera.

    `source` is a file, a folder of pictures, an `rtsp://` or `http(s)://` URL, a USB device's number, or
    `pattern:[WIDTHxHEIGHT]`; `models` get its frames; `fps` limits the rate (None: the source's own);
    `transport` is for RTSP only.
    """

    TITLE: ClassVar[str] = "camera"

    id: Identifier
    source: Annotated[str, Field(min_length=1, max_length=2048)]
    models: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    site: Identifier = "default"
    fps: Annotated[float, Field(gt=0, le=240)] | None = None
    loop: bool = False
    pacing: Pacing = Pacing.NATIVE
    transport: Transport = Transport.TCP
    lane: Lane = Lane.LIVE
    quality: Annotated[int, Field(ge=1, le=100)] = 85
    enabled: bool = True

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
    FAILED = "failed"
    ENDED = "ended"
    STOPPED = "stopped"


class CameraStatus(Message):
    """How one camera is doing; `error` never contains a password."""

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
