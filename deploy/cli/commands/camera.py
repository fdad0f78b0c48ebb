"""`framebus camera`: what is wanted of the cameras; capture workers take changes up by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.camera_fields import takes_fields
from deploy.cli.camera_file import read_camera_file
from deploy.cli.camera_view import field_rows, list_row, print_camera
from deploy.cli.console import out, print_long, table
from deploy.cli.options import Kafka, read_settings
from deploy.local.status import read_states
from producers.control import put_camera, read_cameras, remove_camera
from schemas.cameras import check_camera, make_camera
from schemas.errors import CameraError
from schemas.messages import Camera
from schemas.redaction import hide
from schemas.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show, add, edit, apply and remove cameras.")

Id = Annotated[str, typer.Argument(metavar="ID", help="The camera's name: a-z 0-9 _ -")]


@app.command("list")
def list_cameras(kafka: Kafka = None) -> None:
    """List the cameras: what is wanted of them, and how they are doing."""
    settings = read_settings(kafka)
    cameras, states = read_cameras(settings), read_states(settings)
    rows = [list_row(camera, states.get(camera.id)) for camera in cameras.values()]
    columns = ("id", "site", "models", "enabled", "state", "fps", "transport", "source")
    out.print(table(columns, rows, right=("fps",)))


@app.command()
def get(
    camera: Id,
    as_json: Annotated[bool, typer.Option("--json", help="As the API answers: the camera and its status.")] = False,
    kafka: Kafka = None,
) -> None:
    """Show one camera: every field, and how it is doing."""
    settings = read_settings(kafka)
    known, status = _known(settings, camera), read_states(settings).get(camera)
    if as_json:
        print_camera(known, status)
    else:
        print_long(table(("field", "value"), field_rows(known, status)))


@app.command()
@takes_fields
def add(camera: Id, fields: dict[str, object], kafka: Kafka = None) -> None:
    """Add a camera."""
    settings = read_settings(kafka)
    if camera in read_cameras(settings):
        raise CameraError(f"camera {camera!r} exists: expected a new id; framebus camera edit changes one")
    first = read_catalogue(settings).models[0].name
    _put(settings, {"models": [first], **fields, "id": camera}, "added")


@app.command()
@takes_fields
def edit(camera: Id, fields: dict[str, object], kafka: Kafka = None) -> None:
    """Change a camera; what is not given stays."""
    settings = read_settings(kafka)
    _put(settings, {**_known(settings, camera).model_dump(), **fields}, "changed")


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
