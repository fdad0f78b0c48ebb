"""`framebus camera`: what is wanted of the cameras; capture workers take changes up by themselves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.camera_file import read_camera_file
from deploy.cli.console import out, table
from deploy.cli.options import Kafka, read_settings
from producers.control import put_camera, read_cameras, remove_camera
from schemas.cameras import check_camera, make_camera
from schemas.errors import CameraError
from schemas.messages import Camera, Lane, Pacing
from schemas.redaction import hide
from schemas.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, add, edit, apply and remove cameras.")

Id = Annotated[str, typer.Argument(metavar="ID", help="The camera's name: a-z 0-9 _ -")]
Source = Annotated[
    str | None, typer.Option(help="A file, a folder of pictures, an rtsp:// or http(s):// URL, a USB number, pattern:")
]
Models = Annotated[list[str] | None, typer.Option("--model", help="A model that gets its frames; again for more.")]
Site = Annotated[str | None, typer.Option(help="Whose capture workers run it.")]
Fps = Annotated[float | None, typer.Option(help="At most so many frames a second; 0: the source's own rate.")]
Loop = Annotated[bool | None, typer.Option("--loop/--no-loop", help="Begin a file anew at its end.")]
Pace = Annotated[Pacing | None, typer.Option("--pacing", help="A file's own rate, or as fast as possible.")]
LaneOption = Annotated[Lane | None, typer.Option("--lane", help="Only live frames are ever shed.")]
Quality = Annotated[int | None, typer.Option(help="JPEG quality, 1 to 100.")]
Enabled = Annotated[bool | None, typer.Option("--enabled/--disabled", help="Whether it runs.")]


@app.command("list")
def list_cameras(kafka: Kafka = None) -> None:
    """List the cameras."""
    cameras = read_cameras(read_settings(kafka)).values()
    rows = [
        (camera.id, camera.site, ",".join(camera.models), "yes" if camera.enabled else "no", hide(camera.source))
        for camera in cameras
    ]
    out.print(table(("id", "site", "models", "enabled", "source"), rows))


@app.command()
def add(  # noqa: PLR0913  # one parameter for each option
    camera: Id,
    *,
    source: Source = None,
    models: Models = None,
    site: Site = None,
    fps: Fps = None,
    loop: Loop = None,
    pacing: Pace = None,
    lane: LaneOption = None,
    quality: Quality = None,
    enabled: Enabled = None,
    kafka: Kafka = None,
) -> None:
    """Add a camera."""
    settings = read_settings(kafka)
    if camera in read_cameras(settings):
        raise CameraError(f"camera {camera!r} exists: expected a new id; framebus camera edit changes one")
    given = _given(
        source=source, models=models, site=site, fps=fps, loop=loop, pacing=pacing, lane=lane, quality=quality,
        enabled=enabled,
    )  # fmt: skip
    first = read_catalogue(settings).models[0].name
    _put(settings, {"models": [first], **given, "id": camera}, "added")


@app.command()
def edit(  # noqa: PLR0913  # one parameter for each option
    camera: Id,
    *,
    source: Source = None,
    models: Models = None,
    site: Site = None,
    fps: Fps = None,
    loop: Loop = None,
    pacing: Pace = None,
    lane: LaneOption = None,
    quality: Quality = None,
    enabled: Enabled = None,
    kafka: Kafka = None,
) -> None:
    """Change a camera; what is not given stays."""
    settings = read_settings(kafka)
    known = _known(settings, camera)
    given = _given(
        source=source, models=models, site=site, fps=fps, loop=loop, pacing=pacing, lane=lane, quality=quality,
        enabled=enabled,
    )  # fmt: skip
    _put(settings, {**known.model_dump(), **given}, "changed")


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A YAML file with a list of cameras, as the chart's values have one.")],
    kafka: Kafka = None,
) -> None:
    """Add the cameras of a file, and change those that are not as there; no other is removed."""
    settings = read_settings(kafka)
    wanted = read_camera_file(file, read_catalogue(settings))
    known = read_cameras(settings)
    changed = [camera for camera in wanted if known.get(camera.id) != camera]
    for camera in changed:
        _write(settings, camera, "changed" if camera.id in known else "added")
    if not changed:
        out.print(f"nothing to do: all {len(wanted)} cameras are as in the file")


@app.command()
def remove(camera: Id, kafka: Kafka = None) -> None:
    """Remove a camera."""
    settings = read_settings(kafka)
    _known(settings, camera)
    remove_camera(settings, camera)
    out.print(f"camera {camera} removed", markup=False)


def _given(**options: object) -> dict[str, object]:
    """The options that were given, as fields of a camera."""
    fields = {name: value for name, value in options.items() if value is not None}
    if fields.get("fps") == 0:
        fields["fps"] = None
    source = fields.get("source")
    if isinstance(source, str) and os.path.exists(source) and not source.isdecimal():  # noqa: PTH110  # never raises
        fields["source"] = str(Path(source).resolve())  # a capture worker may run in another folder
    return fields


def _put(settings: Settings, fields: dict[str, object], done: str) -> None:
    camera = make_camera(fields)
    check_camera(camera, read_catalogue(settings))
    _write(settings, camera, done)


def _write(settings: Settings, camera: Camera, done: str) -> None:
    put_camera(settings, camera)
    out.print(f"camera {camera.id} {done}: {', '.join(camera.models)} from {hide(camera.source)}", markup=False)


def _known(settings: Settings, camera: str) -> Camera:
    cameras = read_cameras(settings)
    if camera not in cameras:
        raise CameraError(f"camera {camera!r}: expected one of {', '.join(cameras) or '(there are none)'}")
    return cameras[camera]
