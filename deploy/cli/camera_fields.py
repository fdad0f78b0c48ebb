"""The options that say what is wanted of a camera: one list for every verb that takes them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from schemas.errors import CameraError
from schemas.messages import Flip, Lane, Pacing
from schemas.printable import shown

NONE: Final = "none"
"""As the value of an option: what was set is set no more."""
_POINTS: Final = f"as 0.1,0.2 0.5,0.2 0.5,0.6 (shares of width and height); {NONE}: without"

_OPTIONS: Final[dict[str, Any]] = {
    "source": Annotated[
        str | None,
        typer.Option(help="A file, a folder of pictures, an rtsp:// or http(s):// URL, a USB number, pattern:"),
    ],
    "models": Annotated[
        list[str] | None, typer.Option("--model", help="A model that gets its frames; again for more.")
    ],
    "site": Annotated[str | None, typer.Option(help="Whose capture workers run it.")],
    "fps": Annotated[float | None, typer.Option(help="At most so many frames a second; 0: the source's own rate.")],
    "loop": Annotated[bool | None, typer.Option("--loop/--no-loop", help="Begin a file anew at its end.")],
    "pacing": Annotated[Pacing | None, typer.Option(help="A file's own rate, or as fast as possible.")],
    "lane": Annotated[Lane | None, typer.Option(help="Only live frames are ever shed.")],
    "quality": Annotated[int | None, typer.Option(help="JPEG quality, 1 to 100.")],
    "enabled": Annotated[bool | None, typer.Option("--enabled/--disabled", help="Whether it runs.")],
    "rotate": Annotated[int | None, typer.Option(help="Turn it clockwise: 0, 90, 180 or 270 degrees.")],
    "flip": Annotated[str | None, typer.Option(help=f"Mirror it: {', '.join(Flip)}, or {NONE}.")],
    "masks": Annotated[
        list[str] | None, typer.Option("--mask", help=f"Paint over an area before encoding, {_POINTS}; again for more.")
    ],
    "roi": Annotated[str | None, typer.Option(help=f"Where motion counts, {_POINTS}.")],
    "still_fps": Annotated[
        float | None, typer.Option(help="While nothing moves send so many frames a second; 0: send all.")
    ],
    "motion": Annotated[float | None, typer.Option(help="The share of the picture that must change to be motion.")],
    "schedule": Annotated[
        list[str] | None,
        typer.Option(help=f"Hours in which it runs, as mon-fri 08:00-20:00; again for more; {NONE}: always."),
    ],
    "timezone": Annotated[str | None, typer.Option(help="Of its hours, as Europe/Berlin.")],
}
_ZERO_IS_NONE: Final = ("fps", "still_fps")
_LISTS: Final = ("masks", "schedule")

Verb = Callable[[str, dict[str, object], str | None], None]


def takes_fields(verb: Verb) -> Callable[..., None]:
    """`verb(camera, fields, kafka)` as a command with an option for each field; `fields` has those that were given.

    The command raises CameraError where an option cannot be read.
    """

    @wraps(verb)
    def command(camera: str, kafka: str | None, **options: object) -> None:
        verb(camera, _fields(options), kafka)

    taken = inspect.signature(verb, eval_str=True).parameters
    parameters = [taken["camera"], *map(_option, _OPTIONS), taken["kafka"].replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    return command


def _option(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_OPTIONS[name])


def _fields(options: dict[str, object]) -> dict[str, object]:
    """The options that were given, as fields of a camera."""
    fields = {name: value for name, value in options.items() if value is not None}
    for name in _ZERO_IS_NONE:
        if fields.get(name) == 0:
            fields[name] = None
    for name, value in fields.items():
        if value == NONE and name in ("flip", "roi"):
            fields[name] = None
        elif name in _LISTS and value == [NONE]:
            fields[name] = []
    if isinstance(roi := fields.get("roi"), str):
        fields["roi"] = _polygon("roi", roi)
    if isinstance(masks := fields.get("masks"), list):
        fields["masks"] = [_polygon("mask", mask) for mask in masks]
    source = fields.get("source")
    if isinstance(source, str) and os.path.exists(source) and not source.isdecimal():  # noqa: PTH110  # never raises
        fields["source"] = str(Path(source).resolve())  # a capture worker may run in another folder
    return fields


def _polygon(option: str, text: str) -> list[list[float]]:
    try:
        return [[float(number) for number in point.split(",")] for point in text.split()]
    except ValueError:
        raise CameraError(f"--{option} {shown(text)}: expected points, {_POINTS}") from None
