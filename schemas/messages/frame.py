"""A frame: a JPEG as the record's value, and CloudEvents 1.0 binary-mode headers that say where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from schemas.errors import HeaderError, MessageError
from schemas.messages._base import format_time, refuse_later_version
from schemas.messages.address import FrameAddress
from schemas.messages.parent import Parent, parent_from_headers
from schemas.names import IDENTIFIER, Header
from schemas.printable import shown

FRAME_TYPE: Final = "framebus.frame.v1"
JPEG_TYPE: Final = "image/jpeg"
_FOLLOWERS_LENGTH: Final = 4096
_TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

Headers = list[tuple[str, bytes]]
"""Record headers as both Kafka clients take them."""

RawHeaders = Sequence[tuple[str, bytes | None]]
"""Record headers as somebody wrote them: a value may be null."""


class Lane(StrEnum):
    """How a frame may be treated: only `live` frames are ever shed, so none of a lane that a later release adds is."""

    LIVE = "live"
    BATCH = "batch"
    REDRIVE = "redrive"


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What a frame's headers say.

    `seq` counts the frames that this camera offered to this model in this run, dropped ones included; `run` is the
    offset of the capture worker's claim; `width` and `height` are those of the JPEG, in pixels. A frame that was
    sent again says which one it was at first (`redrive_of`) and the how many-th time this is (`redrive`, from 1).
    `followers` are the second stages that get crops of it; a crop has a `parent`, and its `seq` is `crop_seq`'s.
    """

    model: str
    camera: str
    site: str
    run: int
    seq: int
    captured_at: datetime
    width: int
    height: int
    lane: Lane | str = Lane.LIVE
    traceparent: str | None = None
    redrive_of: FrameAddress | None = None
    redrive: int = 0
    followers: tuple[str, ...] = ()
    parent: Parent | None = None

    @property
    def id(self) -> str:
        """The CloudEvents id: unique together with the source, the camera."""
        return f"{self.model}/{self.run}/{self.seq}"

    @property
    def source(self) -> str:
        """The CloudEvents source."""
        return f"/sites/{self.site}/cameras/{self.camera}"

    def encode(self) -> Headers:
        """The record's headers."""
        headers = {
            Header.SPECVERSION: "1.0",
            Header.ID: self.id,
            Header.SOURCE: self.source,
            Header.TYPE: FRAME_TYPE,
            Header.TIME: format_time(self.captured_at),
            Header.CONTENT_TYPE: JPEG_TYPE,
            Header.CAMERA: self.camera,
            Header.RUN: str(self.run),
            Header.SEQ: str(self.seq),
            Header.WIDTH: str(self.width),
            Header.HEIGHT: str(self.height),
            Header.LANE: str(self.lane),
        }
        if self.traceparent:
            headers[Header.TRACEPARENT] = self.traceparent
        if self.redrive_of:
            headers |= {Header.REDRIVE_OF: str(self.redrive_of), Header.REDRIVE: str(self.redrive)}
        if self.followers:
            headers[Header.FOLLOWERS] = ",".join(self.followers)
        if self.parent:
            headers |= self.parent.headers()
        return [(name, value.encode()) for name, value in headers.items()]


def decode_frame_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> FrameInfo:
    """Read a frame record's headers.

    Headers that we do not know are ignored; a lane that we do not know is kept by its name.

    Raises:
        NewerRecordError: The frame's type is a later version of ours: nobody's fault, least of all the frame's.
        HeaderError: A header is missing, or is not what was expected; the message names it.
    """
    given = dict(headers or ())
    _expect(given, Header.SPECVERSION, "1.0")
    refuse_later_version(_text(given, Header.TYPE), FRAME_TYPE)
    _expect(given, Header.TYPE, FRAME_TYPE)
    _expect(given, Header.CONTENT_TYPE, JPEG_TYPE)
    camera = _identifier(given, Header.CAMERA)
    source = _text(given, Header.SOURCE)
    site = source.removeprefix("/sites/").removesuffix(f"/cameras/{camera}")
    if source != f"/sites/{site}/cameras/{camera}" or not IDENTIFIER.fullmatch(site):
        raise HeaderError(f"header {Header.SOURCE} = {shown(source)}: expected /sites/<site>/cameras/{camera}")
    run, seq = _number(given, Header.RUN), _number(given, Header.SEQ)
    identity = _text(given, Header.ID)
    model = identity.removesuffix(f"/{run}/{seq}")
    if identity != f"{model}/{run}/{seq}" or not IDENTIFIER.fullmatch(model):
        raise HeaderError(f"header {Header.ID} = {shown(identity)}: expected <model>/{run}/{seq}")
    redrive_of, redrive = _redrive(given)
    return FrameInfo(
        model=model,
        camera=camera,
        site=site,
        run=run,
        seq=seq,
        captured_at=_time(given, Header.TIME),
        width=_number(given, Header.WIDTH),
        height=_number(given, Header.HEIGHT),
        lane=_lane(given),
        traceparent=_traceparent(given),
        redrive_of=redrive_of,
        redrive=redrive,
        followers=_followers(given),
        parent=parent_from_headers(given),
    )


_Given = Mapping[str, bytes | None]


def _text(given: _Given, name: str) -> str:
    value = given.get(name)
    if value is None:
        raise HeaderError(f"header {name} is missing")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise HeaderError(f"header {name} = {shown(value, 40)}: expected UTF-8 text") from None


def _expect(given: _Given, name: str, expected: str) -> None:
    value = _text(given, name)
    if value != expected:
        raise HeaderError(f"header {name} = {shown(value)}: expected {expected!r}")


def _identifier(given: _Given, name: str) -> str:
    value = _text(given, name)
    if not IDENTIFIER.fullmatch(value):
        raise HeaderError(f"header {name} = {shown(value)}: expected 1 to 63 of a-z 0-9 _ -")
    return value


def _number(given: _Given, name: str) -> int:
    value = _text(given, name)
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise HeaderError(f"header {name} = {shown(value)}: expected a whole number, 0 or more")
    return int(value)


def _time(given: _Given, name: str) -> datetime:
    value = _text(given, name)
    try:
        moment = datetime.fromisoformat(value)
        in_utc = moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):  # the latter for a year that is none in UTC
        in_utc = None
    if in_utc is None:
        raise HeaderError(f"header {name} = {shown(value)}: expected RFC 3339 with a zone, as 2026-01-31T12:00:00Z")
    return in_utc


def _lane(given: _Given) -> Lane | str:
    value = _text(given, Header.LANE)
    try:
        return Lane(value)
    except ValueError:
        return _identifier(given, Header.LANE)


def _traceparent(given: _Given) -> str | None:
    if given.get(Header.TRACEPARENT) is None:
        return None
    value = _text(given, Header.TRACEPARENT)
    if not _TRACEPARENT.fullmatch(value):
        raise HeaderError(f"header {Header.TRACEPARENT} = {shown(value)}: expected a W3C trace context, version 00")
    return value


def _followers(given: _Given) -> tuple[str, ...]:
    if given.get(Header.FOLLOWERS) is None:
        return ()
    value = _text(given, Header.FOLLOWERS)
    names = tuple(value.split(",")) if len(value) <= _FOLLOWERS_LENGTH else ()
    if not names or len(set(names)) < len(names) or not all(map(IDENTIFIER.fullmatch, names)):
        raise HeaderError(f"header {Header.FOLLOWERS} = {shown(value)}: expected names of models, each once, as a,b")
    return names


def _redrive(given: _Given) -> tuple[FrameAddress | None, int]:
    if given.get(Header.REDRIVE_OF) is None and given.get(Header.REDRIVE) is None:
        return None, 0
    try:
        origin = FrameAddress.parse(_text(given, Header.REDRIVE_OF))
    except HeaderError:
        raise
    except MessageError as error:
        raise HeaderError(f"header {Header.REDRIVE_OF}: {error}") from None
    return origin, _number(given, Header.REDRIVE)
